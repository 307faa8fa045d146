import { opendirSync, readdirSync, readlinkSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { readProcess } from '../../procfs/processes.ts'

/** Descriptors that are looked at before other work gets its turn. */
const sliceSize = 500

export interface SocketOwner {
  readonly pid: number
  /** What the kernel calls the process. */
  readonly name: string
}

/** Which process holds each socket, as far as its descriptors may be looked at; of several the one with the lowest number. */
export async function findSocketOwners(proc: string, inodes: ReadonlySet<string>, signal: AbortSignal): Promise<Map<string, SocketOwner>> {
  const owners = new Map<string, SocketOwner>()
  const pids = readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b)
  let looked = 0
  for (const pid of pids) {
    if (owners.size === inodes.size) break
    for (const descriptor of descriptorsOf(`${proc}/${pid}/fd`)) {
      if (++looked % sliceSize === 0) {
        await setImmediate()
        signal.throwIfAborted()
      }
      const inode = socketInode(`${proc}/${pid}/fd/${descriptor}`)
      if (inode === undefined || !inodes.has(inode) || owners.has(inode)) continue
      const name = readProcess(proc, pid)?.name
      if (name !== undefined) owners.set(inode, { pid, name })
    }
    looked++
  }
  return owners
}

/** In pieces: one process may have a hundred thousand. Those of others may only be seen with the right to. */
function* descriptorsOf(path: string): Generator<string> {
  let folder
  try {
    folder = opendirSync(path, { bufferSize: sliceSize })
  } catch {
    return
  }
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) yield entry.name
  } catch {
    // The process ended while we looked.
  } finally {
    folder.closeSync()
  }
}

function socketInode(path: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1]
  } catch {
    return undefined
  }
}

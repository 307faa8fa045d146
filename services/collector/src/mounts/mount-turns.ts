import { readFileSync } from 'node:fs'
import { EffectError } from '@nightshift/shared/errors'
import { parseMounts } from '../procfs/mounts.ts'

/**
 * Mounts on which work may be under way at one time. Node has 4 threads for files and DNS, and work on a mount that is dead holds one until
 * the mount answers, which may be never.
 */
const maxBusyMounts = 2

const busy = new Set<string>()
let waiting: { mount: string; start(): void }[] = []

/**
 * Does work on files with one turn per mount: a dead mount holds one thread, however many checks look at it, and those of other mounts go on.
 * Rejects with EffectError `mount_hangs` when the signal is aborted before its turn came or its work was done.
 */
export async function onMountOf<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const mount = mountOf(path)
  const { promise: hangs, reject } = Promise.withResolvers<never>()
  const giveUp = (): void => reject(new EffectError('mount_hangs', hangingText(mount), { transient: true }))
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    return await Promise.race([takeTurn(mount, signal, work), hangs])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

async function takeTurn<T>(mount: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!mayStart(mount)) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const turn = {
      mount,
      start(): void {
        busy.add(mount)
        resolve()
      },
    }
    waiting.push(turn)
    signal.addEventListener('abort', () => {
      waiting = waiting.filter((each) => each !== turn)
    })
    await promise
  } else {
    busy.add(mount)
  }
  try {
    return await work()
  } finally {
    busy.delete(mount)
    const next = waiting.find((turn) => mayStart(turn.mount))
    waiting = waiting.filter((turn) => turn !== next)
    next?.start()
  }
}

function mayStart(mount: string): boolean {
  return !busy.has(mount) && busy.size < maxBusyMounts
}

function hangingText(mount: string): string {
  if (busy.has(mount)) return `the file system at ${mount} does not answer: is its server or device gone?`
  return `no turn to look at ${mount}: the file systems at ${[...busy].join(' and ')} do not answer`
}

/** The mount that a path lies on, by its name: whoever follows a symbolic link to find out may hang. */
function mountOf(path: string): string {
  let longest = '/'
  for (const { mount } of listMounts()) {
    if (mount.length > longest.length && (path === mount || path.startsWith(`${mount}/`))) longest = mount
  }
  return longest
}

function listMounts(): { mount: string }[] {
  try {
    return parseMounts(readFileSync('/proc/self/mounts', 'utf8'))
  } catch {
    return []
  }
}

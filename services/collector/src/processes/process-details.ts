import { statSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { findCounter } from '../procfs/named-counters.ts'
import type { ProcessRecord } from '../procfs/process-table.ts'
import { readPatiently } from '../procfs/read-patiently.ts'
import { round } from '../sources/rates.ts'
import type { Item } from '../sources/source.ts'

/** Processes whose details are read in one look; a group that holds one over the bound has none. */
const maxProcesses = 128
/** Before kernel 6.2 descriptors have to be counted one by one; no more than these are. */
const maxCounted = 10_000

interface Detail {
  readonly startTicks: number
  readonly fds: number | null
  readonly io: Transfer | null
  readonly grown: Transfer | null
}

interface Transfer {
  readonly readBytes: number
  readonly writtenBytes: number
}

export interface DetailsLook {
  of(members: readonly ProcessRecord[]): Item
  /** Processes of which something may not be read: without root those of other users. */
  readonly unreadable: number
}

/** Open files and disk traffic of processes. */
export class ProcessDetails {
  readonly #proc: string
  #known = new Map<number, Detail>()

  constructor(proc: string) {
    this.#proc = proc
  }

  async look(processes: readonly ProcessRecord[], intervalSeconds: number | null): Promise<DetailsLook> {
    const current = new Map<number, Detail>()
    for (const process of processes) {
      if (current.size >= maxProcesses) break
      if (!current.has(process.pid)) current.set(process.pid, await this.#detail(process))
    }
    this.#known = current
    return {
      of: (members) => detailItem(members, current, intervalSeconds),
      unreadable: [...current.values()].filter(({ fds, io }) => fds === null || io === null).length,
    }
  }

  async #detail({ pid, startTicks }: ProcessRecord): Promise<Detail> {
    const fds = await orNull(countDescriptors(`${this.#proc}/${pid}/fd`))
    const text = await orNull(readPatiently(`${this.#proc}/${pid}/io`))
    const io = text === null ? null : parseIo(text)
    const before = this.#known.get(pid)
    const comparable = before?.startTicks === startTicks ? before.io : null
    const grown =
      io === null || comparable === null
        ? null
        : {
            readBytes: Math.max(0, io.readBytes - comparable.readBytes),
            writtenBytes: Math.max(0, io.writtenBytes - comparable.writtenBytes),
          }
    return { startTicks, fds, io, grown }
  }
}

/** `read_bytes: 4096`, among others: what really went to and from disks. */
function parseIo(text: string): Transfer | null {
  const read = findCounter(text, 'read_bytes:')
  const written = findCounter(text, 'write_bytes:')
  return read === undefined || written === undefined ? null : { readBytes: read, writtenBytes: written }
}

function detailItem(members: readonly ProcessRecord[], details: ReadonlyMap<number, Detail>, intervalSeconds: number | null): Item {
  const known = members.map(({ pid }) => details.get(pid))
  const sum = (pick: (detail: Detail) => number | null | undefined): number | null => {
    let total = 0
    for (const detail of known) {
      const value = detail === undefined ? null : pick(detail)
      if (value === null || value === undefined) return null
      total += value
    }
    return total
  }
  // One that is new has no rate yet; those of the others count.
  const perSecond = (pick: (transfer: Transfer) => number): number | null => {
    const total = sum(({ io, grown }) => (io === null ? null : grown === null ? 0 : pick(grown)))
    return total === null || intervalSeconds === null ? null : round(total / intervalSeconds)
  }
  return {
    fds: sum(({ fds }) => fds),
    read_bytes_per_second: perSecond(({ readBytes }) => readBytes),
    written_bytes_per_second: perSecond(({ writtenBytes }) => writtenBytes),
  }
}

/** The size of the folder is the number of its entries since kernel 6.2. */
async function countDescriptors(folder: string): Promise<number> {
  const { size } = statSync(folder)
  if (size > 0) return size
  let count = 0
  for await (const _entry of await opendir(folder)) if (++count >= maxCounted) break
  return count
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch {
    return null
  }
}

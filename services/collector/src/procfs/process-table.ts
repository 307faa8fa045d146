import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { parseStatLine, type ProcessStat } from './process-stat.ts'

/** Processes that are read before other work gets its turn: some 1 ms on a slow processor. */
const sliceSize = 50
/** A line has some 200 bytes; a name is at most 64. */
const maxStatBytes = 2048
/** A host with more is looked at in part; the rest is counted. */
const maxProcesses = 20_000

const buffer = Buffer.allocUnsafeSlow(maxStatBytes)

export interface ProcessRecord extends ProcessStat {
  readonly pid: number
  /** What it used since the last look, or since it started when that was later; undefined on the first look. */
  grownTicks: number | undefined
}

/** The processes of a host, each remembered from look to look as long as it runs. */
export class ProcessTable {
  readonly #proc: string
  #known: ReadonlyMap<number, ProcessRecord> | undefined

  constructor(proc: string) {
    this.#proc = proc
  }

  /** All processes by now, in slices between which other work gets its turn. Those that end meanwhile are left out. */
  async look(): Promise<{ processes: ProcessRecord[]; overflow: number }> {
    const pids = listPids(this.#proc)
    const processes: ProcessRecord[] = []
    const current = new Map<number, ProcessRecord>()
    const end = Math.min(pids.length, maxProcesses)
    for (let index = 0; index < end; index++) {
      if (index % sliceSize === 0) await setImmediate()
      const pid = pids[index] ?? 0
      const stat = readStat(`${this.#proc}/${pid}/stat`)
      if (stat === undefined) continue
      const record: ProcessRecord = Object.assign(stat, { pid, grownTicks: this.#grownTicks(pid, stat) })
      current.set(pid, record)
      processes.push(record)
    }
    this.#known = current
    await setImmediate()
    return { processes, overflow: pids.length - end }
  }

  #grownTicks(pid: number, stat: ProcessStat): number | undefined {
    const before = this.#known?.get(pid)
    if (before?.startTicks === stat.startTicks) return Math.max(0, stat.cpuTicks - before.cpuTicks)
    return this.#known === undefined ? undefined : stat.cpuTicks
  }
}

function listPids(proc: string): number[] {
  const pids: number[] = []
  for (const name of readdirSync(proc)) {
    const first = name.charCodeAt(0)
    if (first >= 0x31 && first <= 0x39) pids.push(Number(name))
  }
  return pids
}

function readStat(path: string): ProcessStat | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    return parseStatLine(buffer, readSync(descriptor, buffer, 0, maxStatBytes, 0))
  } catch {
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

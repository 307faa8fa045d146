import { readFileSync } from 'node:fs'

/** Linux counts processor time for user space in hundredths of a second, whatever the kernel was built with. */
const ticksPerSecond = 100
const kibibyte = 1024

export interface Memory {
  rssBytes: number
  /** What is the process's own: neither files mapped in nor memory shared with others. */
  anonymousBytes: number
}

export interface Cost extends Memory {
  /** Of one core, since the meter was set; with the ended children of the process. Resolution 10 ms of processor time. */
  cpuPercent: number
}

/** What a process costs from the making of the meter on. */
export class CostMeter {
  readonly #pid: number
  readonly #cpuSecondsBefore: number

  constructor(pid: number) {
    this.#pid = pid
    this.#cpuSecondsBefore = readCpuSeconds(pid)
  }

  read(elapsedSeconds: number): Cost {
    const cpuPercent = (100 * (readCpuSeconds(this.#pid) - this.#cpuSecondsBefore)) / elapsedSeconds
    return { ...parseMemory(readFileSync(`/proc/${this.#pid}/smaps_rollup`, 'utf8')), cpuPercent }
  }
}

function readCpuSeconds(pid: number): number {
  return parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** From /proc/PID/stat: utime, stime, cutime and cstime, fields 14 to 17. The name, field 2, may hold anything, also `) `. */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).map(Number)
  if (ticks.length !== 4 || ticks.some((count) => !Number.isInteger(count))) throw new Error(`not a line of /proc/PID/stat: ${stat}`)
  return ticks.reduce((sum, count) => sum + count, 0) / ticksPerSecond
}

/** From /proc/PID/smaps_rollup. */
export function parseMemory(rollup: string): Memory {
  return { rssBytes: readField(rollup, 'Rss'), anonymousBytes: readField(rollup, 'Anonymous') }
}

function readField(rollup: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1]
  if (kibibytes === undefined) throw new Error(`/proc/PID/smaps_rollup names no ${name}`)
  return Number(kibibytes) * kibibyte
}

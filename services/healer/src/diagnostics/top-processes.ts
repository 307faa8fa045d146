import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** More are not looked at: the snapshot must stay cheap on a host that is in trouble. */
const maxProcesses = 4096
const shown = 8
const sampleMs = 100

interface ProcessStat {
  pid: number
  name: string
  state: string
  /** User and system time, clock ticks. */
  ticks: number
  rssPages: number
}

/** The processes that use the most processor time over a tenth of a second, and the most memory. Names only: arguments may hold secrets. */
export async function topProcesses(): Promise<string[]> {
  const before = new Map(readProcesses().map((process) => [process.pid, process.ticks]))
  if (before.size === 0) return ['processes: cannot be read on this system']
  await sleep(sampleMs)
  const now = readProcesses()
  const used = (process: ProcessStat): number => process.ticks - (before.get(process.pid) ?? process.ticks)
  const byTime = now.toSorted((a, b) => used(b) - used(a) || b.ticks - a.ticks).slice(0, shown)
  const byMemory = now.toSorted((a, b) => b.rssPages - a.rssPages).slice(0, shown)
  return [
    `processes: ${now.length}`,
    `by processor time (ticks within ${sampleMs} ms, ticks in all):`,
    ...byTime.map((process) => `  ${line(process)}  ${used(process)} ${process.ticks}`),
    'by memory (resident pages):',
    ...byMemory.map((process) => `  ${line(process)}  ${process.rssPages}`),
  ]
}

function line(process: ProcessStat): string {
  return `${String(process.pid).padStart(8)} ${process.state} ${process.name.padEnd(16)}`
}

function readProcesses(): ProcessStat[] {
  const processes: ProcessStat[] = []
  try {
    for (const entry of readdirSync('/proc')) {
      if (processes.length >= maxProcesses) break
      if (!/^\d+$/.test(entry)) continue
      const process = readProcess(entry)
      if (process !== undefined) processes.push(process)
    }
  } catch {
    return []
  }
  return processes
}

function readProcess(entry: string): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    const open = stat.indexOf('(')
    const close = stat.lastIndexOf(')')
    // After the name come state (3rd field), utime and stime (14th, 15th), rss (24th).
    const fields = stat.slice(close + 2).split(' ')
    return {
      pid: Number(entry),
      name: stat.slice(open + 1, close).replaceAll(/[^\x20-\x7e]/g, '?'),
      state: fields[0] ?? '?',
      ticks: Number(fields[11] ?? 0) + Number(fields[12] ?? 0),
      rssPages: Number(fields[21] ?? 0),
    }
  } catch {
    return undefined
  }
}

import { readFileSync } from 'node:fs'
import type { ProcessCheckConfig } from '../../config.ts'
import { failed, unsupported, type Outcome } from '../check.ts'

/** Linux counts processor time for user space in hundredths of a second, whatever the kernel was built with. */
const ticksPerSecond = 100
/** Too short to tell a rate from counters of hundredths of a second. */
const shortestMs = 200

interface Look {
  readonly atMs: number
  /** Of each process that was there. */
  readonly cpuSeconds: ReadonlyMap<number, number>
}

/** The look before, by the check: its configuration is the same object as long as it runs. */
const lastLooks = new WeakMap<ProcessCheckConfig, Look>()

/** Adds what the processes use to an outcome that is good so far, and judges it. */
export function judgeUsage(config: ProcessCheckConfig, pids: readonly number[], proc: string, good: Outcome): Outcome {
  if (config.max_rss === undefined && config.max_cpu_cores === undefined) return good
  const cpuSeconds = new Map<number, number>()
  let rssBytes = 0
  for (const pid of pids) {
    try {
      cpuSeconds.set(pid, parseCpuSeconds(readFileSync(`${proc}/${pid}/stat`, 'latin1')))
      rssBytes += parseRss(readFileSync(`${proc}/${pid}/status`, 'latin1'))
    } catch {
      // It has ended since it was found; or there is no /proc, and nothing is known of any.
    }
  }
  if (cpuSeconds.size === 0) return unsupported('memory and processor time of processes are known only where there is /proc', good.detail)
  const cores = coresUsed(config, { atMs: performance.now(), cpuSeconds })
  const detail = { ...good.detail, rss_bytes: rssBytes, ...(cores === undefined ? {} : { cpu_cores: Math.round(cores * 1e4) / 1e4 }) }
  if (config.max_rss !== undefined && rssBytes > config.max_rss) {
    return failed(`the processes hold ${rssBytes} bytes of memory, more than ${config.max_rss}`, detail)
  }
  if (config.max_cpu_cores !== undefined && cores !== undefined && cores > config.max_cpu_cores) {
    return failed(`the processes keep ${cores.toFixed(2)} cores busy, more than ${config.max_cpu_cores}`, detail)
  }
  return { ...good, detail }
}

/** Since the look before; undefined at the first one. Of processes that were there both times. */
function coresUsed(config: ProcessCheckConfig, look: Look): number | undefined {
  const before = lastLooks.get(config)
  if (before !== undefined && look.atMs - before.atMs < shortestMs) return undefined
  lastLooks.set(config, look)
  if (before === undefined) return undefined
  let used = 0
  for (const [pid, seconds] of look.cpuSeconds) used += Math.max(0, seconds - (before.cpuSeconds.get(pid) ?? seconds))
  return used / ((look.atMs - before.atMs) / 1000)
}

/** Of /proc/PID/stat: utime and stime, fields 14 and 15; the name, field 2, may hold anything. */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Of /proc/PID/status. A zombie has none. */
function parseRss(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

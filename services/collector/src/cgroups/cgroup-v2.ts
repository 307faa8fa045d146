import { numberOf, parseCgroupNumber, readCgroupFile, readCgroupNumber, scaled } from './cgroup-file.ts'
import type { CgroupTree, CgroupUsage } from './cgroup-usage.ts'

/** One tree for all controllers. */
export function cgroupV2Tree(root: string): CgroupTree {
  return { version: 2, root, usage: (path) => readUsage(`${root}/${path}`) }
}

function readUsage(folder: string): CgroupUsage {
  const cpu = readCgroupFile(`${folder}/cpu.stat`)
  const io = readCgroupFile(`${folder}/io.stat`)
  return {
    cpuSeconds: scaled(numberOf(cpu, 'usage_usec'), 1e6),
    cpuLimitCores: parseCpuMax(readCgroupFile(`${folder}/cpu.max`)),
    periods: numberOf(cpu, 'nr_periods'),
    throttledPeriods: numberOf(cpu, 'nr_throttled'),
    throttledSeconds: scaled(numberOf(cpu, 'throttled_usec'), 1e6),
    memoryBytes: workingSet(
      readCgroupNumber(`${folder}/memory.current`),
      numberOf(readCgroupFile(`${folder}/memory.stat`), 'inactive_file'),
    ),
    memoryLimitBytes: readCgroupNumber(`${folder}/memory.max`),
    oomKills: numberOf(readCgroupFile(`${folder}/memory.events`), 'oom_kill'),
    pids: readCgroupNumber(`${folder}/pids.current`),
    pidsLimit: readCgroupNumber(`${folder}/pids.max`),
    readBytes: sumOf(io, 'rbytes'),
    writtenBytes: sumOf(io, 'wbytes'),
  }
}

/** Memory in use without the page cache that was not used lately. */
export function workingSet(usage: number | null | undefined, inactiveFile: number | null | undefined): number | null | undefined {
  return typeof usage === 'number' ? Math.max(0, usage - (inactiveFile ?? 0)) : usage
}

/** `50000 100000`: microseconds of processor time per period; `max 100000` is no limit. */
function parseCpuMax(text: string | null | undefined): number | null | undefined {
  if (typeof text !== 'string') return text
  const [quota = '', period = ''] = text.trim().split(' ')
  if (quota === 'max') return undefined
  const [quotaUs, periodUs] = [parseCgroupNumber(quota), parseCgroupNumber(period)]
  return quotaUs === null || periodUs === null || periodUs <= 0 ? null : quotaUs / periodUs
}

/** `8:0 rbytes=1459200 wbytes=314773504 rios=192 ...` for each device. */
function sumOf(text: string | null | undefined, key: string): number | null | undefined {
  if (typeof text !== 'string') return text
  let total = 0
  for (const [, amount] of text.matchAll(new RegExp(`\\b${key}=(\\d{1,20})`, 'g'))) total += Number(amount)
  return total
}

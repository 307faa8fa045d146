import { existsSync } from 'node:fs'
import { numberOf, readCgroupFile, readCgroupNumber, scaled } from './cgroup-file.ts'
import type { CgroupTree, CgroupUsage } from './cgroup-usage.ts'
import { workingSet } from './cgroup-v2.ts'

/** What the kernel writes where there is no limit: the largest number of pages. */
const noLimitBytes = 2 ** 62
/** Those that sum up the groups below come first. */
const ioFiles = [
  'blkio.throttle.io_service_bytes_recursive',
  'blkio.bfq.io_service_bytes_recursive',
  'blkio.throttle.io_service_bytes',
  'blkio.bfq.io_service_bytes',
]

interface Controllers {
  readonly cpu: string
  readonly cpuacct: string
  readonly memory: string
  readonly pids: string
  readonly blkio: string
}

/** One tree per controller; `cpu` and `cpuacct` often share one. Undefined when none is mounted. */
export function cgroupV1Tree(base: string): CgroupTree | undefined {
  const mounted = (...names: string[]): string => `${base}/${names.find((name) => existsSync(`${base}/${name}`)) ?? names[0] ?? ''}`
  const controllers: Controllers = {
    cpu: mounted('cpu', 'cpu,cpuacct'),
    cpuacct: mounted('cpuacct', 'cpu,cpuacct'),
    memory: mounted('memory'),
    pids: mounted('pids'),
    blkio: mounted('blkio'),
  }
  const root = [controllers.cpuacct, controllers.memory, controllers.pids].find((folder) => existsSync(folder))
  return root === undefined ? undefined : { version: 1, root, usage: (path) => readUsage(controllers, path) }
}

function readUsage({ cpu, cpuacct, memory, pids, blkio }: Controllers, path: string): CgroupUsage {
  const cpuStat = readCgroupFile(`${cpu}/${path}/cpu.stat`)
  const io = readIo(`${blkio}/${path}`)
  const limit = readCgroupNumber(`${memory}/${path}/memory.limit_in_bytes`)
  return {
    cpuSeconds: scaled(readCgroupNumber(`${cpuacct}/${path}/cpuacct.usage`), 1e9),
    cpuLimitCores: limitCores(readCgroupNumber(`${cpu}/${path}/cpu.cfs_quota_us`), readCgroupNumber(`${cpu}/${path}/cpu.cfs_period_us`)),
    periods: numberOf(cpuStat, 'nr_periods'),
    throttledPeriods: numberOf(cpuStat, 'nr_throttled'),
    throttledSeconds: scaled(numberOf(cpuStat, 'throttled_time'), 1e9),
    memoryBytes: workingSet(
      readCgroupNumber(`${memory}/${path}/memory.usage_in_bytes`),
      numberOf(readCgroupFile(`${memory}/${path}/memory.stat`), 'total_inactive_file'),
    ),
    memoryLimitBytes: typeof limit === 'number' && limit >= noLimitBytes ? undefined : limit,
    oomKills: numberOf(readCgroupFile(`${memory}/${path}/memory.oom_control`), 'oom_kill'),
    pids: readCgroupNumber(`${pids}/${path}/pids.current`),
    pidsLimit: readCgroupNumber(`${pids}/${path}/pids.max`),
    readBytes: sumOf(io, 'Read'),
    writtenBytes: sumOf(io, 'Write'),
  }
}

/** Microseconds of processor time per period; -1 is no limit. */
function limitCores(quotaUs: number | null | undefined, periodUs: number | null | undefined): number | null | undefined {
  if (typeof quotaUs !== 'number') return quotaUs
  if (quotaUs < 0) return undefined
  return typeof periodUs === 'number' && periodUs > 0 ? quotaUs / periodUs : null
}

/**
 * The first of the files that names a device: which one is kept depends on the scheduler of the disk and on the release of the kernel, and newer
 * ones keep none of them without a limit. Without a device it is not told; `Total 0` does not say that nothing was read.
 */
function readIo(folder: string): string | null | undefined {
  const texts = ioFiles.map((name) => readCgroupFile(`${folder}/${name}`))
  const told = texts.find((text) => typeof text === 'string' && /^\d+:\d+ /m.test(text))
  return told ?? (texts.every((text) => text === null) ? null : undefined)
}

/** `8:0 Read 4096` for each device and operation, then a total of all. */
function sumOf(text: string | null | undefined, operation: string): number | null | undefined {
  if (typeof text !== 'string') return text
  let total = 0
  for (const line of text.split('\n')) {
    const [, name, amount] = line.split(' ')
    if (name === operation && /^\d{1,20}$/.test(amount ?? '')) total += Number(amount)
  }
  return total
}

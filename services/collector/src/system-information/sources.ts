import { cpus, loadavg, uptime } from 'node:os'
import { disksIO, fsSize, fsStats, mem, networkStats, processes } from 'systeminformation'
import { clockSource } from '../sources/clock.ts'
import { coreItem } from '../sources/cpu-core.ts'
import { cpuFields, type CpuTimes } from '../sources/cpu.ts'
import { exclusion } from '../globs/exclusion.ts'
import { loadFields } from '../sources/load.ts'
import { memFields } from '../sources/mem.ts'
import { ratesPerSecond, ratio } from '../sources/rates.ts'
import { capItems, label, type Item, type Source, type SourceRegistry } from '../sources/source.ts'

/**
 * The groups that can be had on systems without /proc, such as macOS, in the same shape. systeminformation starts programs for most of it, so it is
 * never used on Linux. Its rates are not used: they live in one place for all callers; ours are made from its counters.
 */
export const systemInformationSources: SourceRegistry = {
  cpu: async () => ({ group: 'cpu', open: openCpu }),
  load: async () => ({ group: 'load', open: () => source(readLoad) }),
  mem: async () => ({ group: 'mem', open: () => source(readMemory) }),
  fs: async () => ({ group: 'fs', open: (_, config) => openFileSystems(config.network_mounts, exclusion(config.exclude)) }),
  disk: async () => ({ group: 'disk', open: openDisk }),
  net: async () => ({ group: 'net', open: (_, config) => openNet(exclusion(config.exclude)) }),
  cpu_core: async () => ({ group: 'cpu_core', open: openCores }),
  proc: async () => ({ group: 'proc', open: () => source(readProcesses) }),
  clock: async () => clockSource,
  dir: async () => (await import('../sources/dir.ts')).dirSource,
  inventory: async () => (await import('../sources/inventory.ts')).inventorySource,
  postgres: async () => (await import('../sources/postgres.ts')).postgresSource,
  mysql: async () => (await import('../sources/mysql.ts')).mysqlSource,
  redis: async () => (await import('../sources/redis.ts')).redisSource,
  nats: async () => (await import('../sources/nats.ts')).natsSource,
}

const pseudoTypes = /^(?:autofs|devfs|fdescfs|procfs|nullfs)$/i
const networkTypes = /^(?:nfs\d?|smbfs|cifs|afpfs|webdav)$/i

function source(read: Source['read']): Source {
  return { read, close: () => undefined }
}

/** iowait, interrupts, steal and guests are unknown here, and so absent. */
function openCpu(): Source {
  let previous: CpuTimes | undefined
  return source((intervalSeconds) => {
    const times = cpus().map((cpu) => cpu.times)
    const total = (mode: keyof (typeof times)[number]): number => times.reduce((sum, each) => sum + each[mode], 0)
    const current: CpuTimes = {
      user: total('user') + total('nice'),
      system: total('sys') + total('irq'),
      idle: total('idle'),
      nice: total('nice'),
      cores: times.length,
    }
    const fields = cpuFields(intervalSeconds === null ? undefined : previous, current)
    previous = current
    return { fields }
  })
}

/** Node tells processor times in milliseconds. */
const ticksPerSecond = 1000

function openCores(): Source {
  let previous: number[][] = []
  return source((intervalSeconds) => {
    const current = cpus().map(({ times }) => [times.user, times.nice, times.sys, times.idle])
    const items = current.map((ticks, core) =>
      coreItem(String(core), intervalSeconds === null ? undefined : previous[core], ticks, ticksPerSecond),
    )
    previous = current
    return { items }
  })
}

function readLoad(): { fields: ReturnType<typeof loadFields> } {
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg()
  return { fields: { ...loadFields([load1, load5, load15], cpus().length), uptime_seconds: uptime() } }
}

/** How much each uses is told as a mean over its life, which is no measure of now: so counts only. */
async function readProcesses(): Promise<{ fields: Record<string, number> }> {
  const { all, running, sleeping, list } = await processes()
  return { fields: { count: all, running, sleeping, zombie: list.filter(({ state }) => state === 'zombie').length } }
}

async function readMemory(): Promise<{ fields: ReturnType<typeof memFields> }> {
  const { total, available, free, swaptotal, swapfree } = await mem()
  return {
    fields: memFields({
      totalBytes: total,
      availableBytes: Math.min(available, total),
      freeBytes: free,
      swapTotalBytes: swaptotal,
      swapFreeBytes: swapfree,
    }),
  }
}

function openFileSystems(withNetwork: boolean, isExcluded: (name: string) => boolean): Source {
  return source(async () => {
    const storage = (await fsSize()).filter(
      ({ type, size }) => size > 0 && !pseudoTypes.test(type) && (withNetwork || !networkTypes.test(type)),
    )
    const mounts = storage.filter(({ mount }) => !isExcluded(mount))
    const { kept, overflow } = capItems(mounts)
    const items = kept.map(({ fs, type, mount, size, used, available, rw }) => ({
      mount: label(mount),
      device: label(fs),
      fstype: label(type),
      size_bytes: size,
      used_bytes: used,
      available_bytes: available,
      used_ratio: ratio(used, used + available),
      readonly: rw === null ? null : rw ? 0 : 1,
    }))
    return { items, overflow }
  })
}

/** Only the sum of all disks is told. */
function openDisk(): Source {
  let previous: { readBytes: number; writtenBytes: number; readOps: number; writeOps: number } | undefined
  return source(async (intervalSeconds) => {
    const [bytes, operations] = await Promise.all([fsStats(), disksIO()])
    const current = {
      readBytes: bytes?.rx ?? 0,
      writtenBytes: bytes?.wx ?? 0,
      readOps: operations?.rIO ?? 0,
      writeOps: operations?.wIO ?? 0,
    }
    const rates = ratesPerSecond(previous, current, intervalSeconds)
    previous = current
    const item: Item = {
      device: 'all',
      read_bytes_total: current.readBytes,
      written_bytes_total: current.writtenBytes,
      read_ops_total: current.readOps,
      write_ops_total: current.writeOps,
      read_bytes_per_second: rates.readBytes,
      written_bytes_per_second: rates.writtenBytes,
      read_ops_per_second: rates.readOps,
      write_ops_per_second: rates.writeOps,
    }
    return { items: [item] }
  })
}

function openNet(isExcluded: (name: string) => boolean): Source {
  let previous = new Map<string, { receiveBytes: number; transmitBytes: number }>()
  return source(async (intervalSeconds) => {
    const nics = (await networkStats('*')).filter(({ iface }) => !isExcluded(iface))
    const { kept, overflow } = capItems(nics)
    const current = new Map(kept.map((nic) => [nic.iface, { receiveBytes: nic.rx_bytes, transmitBytes: nic.tx_bytes }]))
    const items = kept.map((nic): Item => {
      const counters = { receiveBytes: nic.rx_bytes, transmitBytes: nic.tx_bytes }
      const rates = ratesPerSecond(previous.get(nic.iface), counters, intervalSeconds)
      return {
        nic: label(nic.iface),
        receive_bytes_total: nic.rx_bytes,
        transmit_bytes_total: nic.tx_bytes,
        receive_errors_total: nic.rx_errors,
        transmit_errors_total: nic.tx_errors,
        receive_drops_total: nic.rx_dropped,
        transmit_drops_total: nic.tx_dropped,
        receive_bytes_per_second: rates.receiveBytes,
        transmit_bytes_per_second: rates.transmitBytes,
      }
    })
    previous = current
    return { items, overflow }
  })
}

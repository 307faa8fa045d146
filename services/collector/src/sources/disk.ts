import { KeptFile } from '../procfs/kept-file.ts'
import { exclusion } from '../globs/exclusion.ts'
import { parseCounters, ratesPerSecond, round } from './rates.ts'
import { capItems, label, type Item, type SourceDefinition } from './source.ts'

/** The kernel counts in sectors of 512 bytes, whatever the device uses. */
const sectorBytes = 512
/** Memory and files made to look like disks, and drives without a medium. */
const notDisks = /^(?:z?ram|loop|fd|sr)\d+$/

export interface DiskCounters {
  readonly readBytes: number
  readonly writtenBytes: number
  readonly readOps: number
  readonly writeOps: number
  readonly ioSeconds: number
  /** Time that all reads and all writes took; requests side by side count each. */
  readonly readSeconds: number
  readonly writeSeconds: number
}

export const diskSource: SourceDefinition<'disk'> = {
  group: 'disk',
  open(host, config) {
    const file = new KeptFile(`${host.proc}/diskstats`)
    const isExcluded = exclusion(config.exclude)
    let previous = new Map<string, DiskCounters>()
    return {
      read(intervalSeconds) {
        const current = new Map([...parseDiskstats(file.readText())].filter(([device]) => !isExcluded(device)))
        const { kept, overflow } = capItems([...current])
        const items = kept.map(([device, counters]) => diskItem(device, previous.get(device), counters, intervalSeconds))
        previous = current
        return { items, overflow }
      },
      close: () => file.close(),
    }
  },
}

/** Counters by whole disk: a partition's are in its disk's already. Lines that are none are left out. */
export function parseDiskstats(text: string): Map<string, DiskCounters> {
  const disks = new Map<string, DiskCounters>()
  for (const line of text.split('\n')) {
    const [, , name, readOps, , sectorsRead, readMs, writeOps, , sectorsWritten, writeMs, , ioMs] = line.trim().split(/ +/)
    const counters = parseCounters([readOps, sectorsRead, writeOps, sectorsWritten, ioMs, readMs, writeMs])
    if (name === undefined || counters === undefined || notDisks.test(name)) continue
    const [reads = 0, readSectors = 0, writes = 0, writtenSectors = 0, busyMs = 0, readingMs = 0, writingMs = 0] = counters
    disks.set(name, {
      readBytes: readSectors * sectorBytes,
      writtenBytes: writtenSectors * sectorBytes,
      readOps: reads,
      writeOps: writes,
      ioSeconds: busyMs / 1000,
      readSeconds: readingMs / 1000,
      writeSeconds: writingMs / 1000,
    })
  }
  for (const name of disks.keys()) if (isPartition(name, disks)) disks.delete(name)
  return disks
}

/** `sda1` where there is `sda`, `nvme0n1p2` where there is `nvme0n1`; a lone `xvda1`, as some clouds have it, is a disk. */
function isPartition(name: string, disks: ReadonlyMap<string, unknown>): boolean {
  const base = name.replace(/\d+$/, '')
  if (base === name) return false
  return disks.has(base) || (/\dp$/.test(base) && disks.has(base.slice(0, -1)))
}

export function diskItem(device: string, previous: DiskCounters | undefined, current: DiskCounters, intervalSeconds: number | null): Item {
  const rates = ratesPerSecond(previous, current, intervalSeconds)
  return {
    device: label(device),
    read_bytes_total: current.readBytes,
    written_bytes_total: current.writtenBytes,
    read_ops_total: current.readOps,
    write_ops_total: current.writeOps,
    read_bytes_per_second: rates.readBytes,
    written_bytes_per_second: rates.writtenBytes,
    read_ops_per_second: rates.readOps,
    write_ops_per_second: rates.writeOps,
    io_time_ratio: rates.ioSeconds === null ? null : Math.min(1, rates.ioSeconds),
    read_latency_seconds: meanSeconds(rates.readSeconds, rates.readOps),
    write_latency_seconds: meanSeconds(rates.writeSeconds, rates.writeOps),
  }
}

/** Null without a request in the interval: there was nothing to wait for. */
function meanSeconds(secondsPerSecond: number | null, opsPerSecond: number | null): number | null {
  return secondsPerSecond === null || opsPerSecond === null || opsPerSecond === 0 ? null : round(secondsPerSecond / opsPerSecond)
}

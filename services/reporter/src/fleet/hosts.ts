import { isoTime } from '@nightshift/shared/clock'
import type { AgentEvent } from '@nightshift/shared/events/agent'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import { clip, type Change, type Disk, type FileSystem, type FleetModel, type Host, type Nic } from './model.ts'
import { extendTrend } from './trends.ts'

type Fields = NonNullable<MetricEvent['fields']>
type Item = NonNullable<MetricEvent['items']>[number]

/** Things of one kind that a host may show; the fullest file systems and the busiest devices stay. */
export const maxItemsPerHost = 32

/** A metric message: last values of its group, and one more point of the trend. */
export function reduceMetric(model: FleetModel, name: string, event: MetricEvent, seenMs: number): Change[] {
  const host = seeHost(model.host.get(name), name, seenMs)
  const fields = event.fields ?? {}
  switch (event.group) {
    case 'cpu': {
      const cpu = pick(fields, ['usage_ratio', 'iowait_ratio', 'steal_ratio', 'cores'])
      return [hostChange({ ...host, cpu }), ...extendTrend(model, name, 'cpu', cpu.usage_ratio, seenMs)]
    }
    case 'mem': {
      const mem = pick(fields, ['used_ratio', 'total_bytes', 'available_bytes', 'swap_used_ratio'])
      return [hostChange({ ...host, mem }), ...extendTrend(model, name, 'mem', mem.used_ratio, seenMs)]
    }
    case 'load':
      return [hostChange({ ...host, load: pick(fields, ['load1', 'load5', 'load15', 'load1_per_core']) })]
    case 'fs':
      return [
        hostChange({
          ...host,
          fs: mergeItems(
            host.fs,
            event,
            readFileSystem,
            (fs) => fs.mount,
            (fs) => fs.used_ratio ?? 0,
          ),
        }),
      ]
    case 'disk':
      return [
        hostChange({
          ...host,
          disk: mergeItems(
            host.disk,
            event,
            readDisk,
            (disk) => disk.device,
            (disk) => disk.io_time_ratio ?? 0,
          ),
        }),
      ]
    case 'net':
      return [
        hostChange({
          ...host,
          net: mergeItems(
            host.net,
            event,
            readNic,
            (nic) => nic.nic,
            (nic) => nic.receive_bytes_per_second ?? 0,
          ),
        }),
      ]
    default:
      return [hostChange(host)]
  }
}

/** A heartbeat. Only the collector's says that its host lives. */
export function reduceAgent(model: FleetModel, host: string | null, event: AgentEvent, seenMs: number): Change[] {
  const id = `${host ?? ''}/${event.service}`
  const changes: Change[] = [
    {
      kind: 'agent',
      id,
      entry: {
        host,
        service: event.service,
        instance: event.instance,
        version: event.version,
        state: event.state,
        reasons: event.reasons.slice(0, 4).map((reason) => clip(reason, 300)),
        interval_seconds: event.interval_seconds,
        started_time: event.started_time,
        last_seen_time: isoTime(Math.max(seenMs, timeMs(model.agent.get(id)?.last_seen_time))),
      },
    },
  ]
  if (host !== null && event.service === 'collector') changes.push(hostChange(seeHost(model.host.get(host), host, seenMs)))
  return changes
}

/** The host as it was, or a new one, seen now. Without a time only its existence is noted. */
export function seeHost(previous: Host | undefined, name: string, seenMs?: number): Host {
  const host = previous ?? { host: name, last_seen_time: null, cpu: null, load: null, mem: null, fs: [], disk: [], net: [] }
  if (seenMs === undefined || seenMs <= timeMs(host.last_seen_time)) return host
  return { ...host, last_seen_time: isoTime(seenMs) }
}

export function hostChange(entry: Host): Change {
  return { kind: 'host', id: entry.host, entry }
}

function timeMs(time: string | null | undefined): number {
  return time === null || time === undefined ? 0 : Date.parse(time)
}

function pick<K extends string>(fields: Fields, names: readonly K[]): Record<K, number | null> {
  return Object.fromEntries(names.map((name) => [name, fields[name] ?? null])) as Record<K, number | null>
}

/** The items of a message in place of those before; later parts of a long message add to its first. */
function mergeItems<T>(
  previous: T[],
  event: MetricEvent,
  read: (item: Item) => T | undefined,
  nameOf: (entry: T) => string,
  weigh: (entry: T) => number,
): T[] {
  const byName = new Map<string, T>()
  const isLaterPart = event.part !== undefined && event.part > 1
  for (const entry of isLaterPart ? previous : []) byName.set(nameOf(entry), entry)
  for (const item of event.items ?? []) {
    const entry = read(item)
    if (entry !== undefined) byName.set(nameOf(entry), entry)
  }
  const entries = [...byName.values()]
  const kept = entries.length <= maxItemsPerHost ? entries : entries.toSorted((a, b) => weigh(b) - weigh(a)).slice(0, maxItemsPerHost)
  return kept.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

function readFileSystem(item: Item): FileSystem | undefined {
  const mount = label(item, 'mount')
  if (mount === undefined) return undefined
  return {
    mount,
    used_ratio: value(item, 'used_ratio'),
    size_bytes: value(item, 'size_bytes'),
    available_bytes: value(item, 'available_bytes'),
    inodes_used_ratio: value(item, 'inodes_used_ratio'),
    readonly: item['readonly'] === 1,
  }
}

function readDisk(item: Item): Disk | undefined {
  const device = label(item, 'device')
  if (device === undefined) return undefined
  return {
    device,
    read_bytes_per_second: value(item, 'read_bytes_per_second'),
    written_bytes_per_second: value(item, 'written_bytes_per_second'),
    io_time_ratio: value(item, 'io_time_ratio'),
  }
}

function readNic(item: Item): Nic | undefined {
  const nic = label(item, 'nic')
  if (nic === undefined) return undefined
  return {
    nic,
    receive_bytes_per_second: value(item, 'receive_bytes_per_second'),
    transmit_bytes_per_second: value(item, 'transmit_bytes_per_second'),
  }
}

function label(item: Item, name: string): string | undefined {
  const text = item[name]
  return typeof text === 'string' ? clip(text, 128) : undefined
}

function value(item: Item, name: string): number | null {
  const number = item[name]
  return typeof number === 'number' ? number : null
}

import { ratio } from '../../sources/rates.ts'
import { label, type Fields, type Item } from '../../sources/source.ts'
import { numberOf } from '../target-group.ts'
import type { Answer } from './monitor.ts'

export const natsCounters = ['in_msgs', 'out_msgs', 'in_bytes', 'out_bytes', 'api_errors'] as const
export type NatsCounter = (typeof natsCounters)[number]

export function countersOf(varz: Answer): Record<NatsCounter, number | null> {
  const number = (name: string): number | null => numberOf(varz[name])
  const errors = numberOf(within(varz, 'jetstream', 'stats', 'api')['errors'])
  return {
    in_msgs: number('in_msgs'),
    out_msgs: number('out_msgs'),
    in_bytes: number('in_bytes'),
    out_bytes: number('out_bytes'),
    api_errors: errors,
  }
}

/** What /varz tells. */
export function serverFields(varz: Answer, rates: Readonly<Record<NatsCounter, number | null>>): Fields {
  const number = (name: string): number | null => numberOf(varz[name])
  const [connections, max, cpu] = [number('connections'), number('max_connections'), number('cpu')]
  const seconds = (Date.parse(textOf(varz['now'])) - Date.parse(textOf(varz['start']))) / 1000
  return {
    uptime_seconds: Number.isNaN(seconds) ? null : seconds,
    connections,
    connections_max: max,
    connections_ratio: connections === null || max === null ? null : ratio(connections, max),
    subscriptions: number('subscriptions'),
    routes: number('routes'),
    leaf_nodes: number('leafnodes'),
    slow_consumers_total: number('slow_consumers'),
    memory_bytes: number('mem'),
    cpu_ratio: cpu === null ? null : cpu / 100,
    received_messages_total: number('in_msgs'),
    sent_messages_total: number('out_msgs'),
    received_bytes_total: number('in_bytes'),
    sent_bytes_total: number('out_bytes'),
    received_messages_per_second: rates.in_msgs,
    sent_messages_per_second: rates.out_msgs,
    received_bytes_per_second: rates.in_bytes,
    sent_bytes_per_second: rates.out_bytes,
  }
}

/** What /jsz tells, without its streams; nothing where JetStream is off. */
export function jetStreamFields(jsz: Answer | undefined, apiErrorsPerSecond: number | null): Fields {
  if (jsz === undefined || jsz['disabled'] === true || jsz['config'] === undefined) return {}
  const number = (name: string): number | null => numberOf(jsz[name])
  const [memory, storage] = [number('memory'), number('storage')]
  const config = within(jsz, 'config')
  const [memoryLimit, storageLimit] = [numberOf(config['max_memory']), numberOf(config['max_storage'])]
  const api = within(jsz, 'api')
  return {
    jetstream_memory_bytes: memory,
    jetstream_memory_limit_bytes: memoryLimit,
    jetstream_memory_ratio: memory === null || memoryLimit === null ? null : ratio(memory, memoryLimit),
    jetstream_storage_bytes: storage,
    jetstream_storage_limit_bytes: storageLimit,
    jetstream_storage_ratio: storage === null || storageLimit === null ? null : ratio(storage, storageLimit),
    jetstream_streams: number('streams'),
    jetstream_consumers: number('consumers'),
    jetstream_messages: number('messages'),
    jetstream_api_requests_total: numberOf(api['total']),
    jetstream_api_errors_total: numberOf(api['errors']),
    jetstream_api_errors_per_second: apiErrorsPerSecond,
  }
}

/** A stream, without its rate. */
interface StreamState {
  readonly key: string
  readonly sizeBytes: number
  readonly sequence: number | null
  readonly item: Item
}

/** The streams that /jsz lists, the largest first. `server` is the name of the server that was asked. */
export function streamStates(jsz: Answer, server: unknown): StreamState[] {
  const accounts = listOf(jsz['account_details'])
  const states = accounts.flatMap((account) =>
    listOf(account['stream_detail']).map((stream) => streamState(textOf(account['name']), stream, server)),
  )
  return states.toSorted((a, b) => b.sizeBytes - a.sizeBytes)
}

function streamState(account: string, stream: Answer, server: unknown): StreamState {
  const state = within(stream, 'state')
  const cluster = within(stream, 'cluster')
  const replicas = listOf(cluster['replicas'])
  const name = textOf(stream['name'])
  const sequence = numberOf(state['last_seq'])
  const isClustered = replicas.length > 0 || cluster['name'] !== undefined
  return {
    key: `${account} ${name}`,
    sizeBytes: numberOf(state['bytes']) ?? 0,
    sequence,
    item: {
      account: label(account),
      stream: label(name),
      messages: numberOf(state['messages']),
      size_bytes: numberOf(state['bytes']),
      consumers: numberOf(state['consumer_count']),
      sequence_total: sequence,
      // Only the leader knows how far the others are.
      ...(replicas.length > 0 && cluster['leader'] === server ? { replicas_lagging: replicas.filter(isLagging).length } : {}),
      ...(isClustered ? { has_leader: hasLeader(cluster) ? 1 : 0 } : {}),
    },
  }
}

export function isLagging(replica: Answer): boolean {
  return replica['offline'] === true || replica['current'] !== true
}

export function hasLeader(cluster: Answer): boolean {
  return typeof cluster['leader'] === 'string' && cluster['leader'] !== ''
}

/** The object at a path; an empty one where there is none. */
export function within(value: Answer, ...path: readonly string[]): Answer {
  let inner: unknown = value
  for (const key of path) inner = typeof inner === 'object' && inner !== null ? (inner as Answer)[key] : undefined
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Answer) : {}
}

/** Text, and nothing else: any object can fail to become one. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function listOf(value: unknown): Answer[] {
  return Array.isArray(value) ? value.filter((entry): entry is Answer => typeof entry === 'object' && entry !== null) : []
}

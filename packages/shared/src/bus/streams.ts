import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { StreamsConfig } from '../config/base.ts'
import { defaultNamespace, kinds, type Kind } from '../subjects.ts'
import type { BucketName, StreamName } from './bus.ts'

export const streamNames = ['METRICS', 'EVENTS', 'LOGS', 'AUDIT', 'DEAD'] as const satisfies readonly StreamName[]
export const bucketNames = [
  'alerts',
  'silences',
  'acks',
  'locks',
  'hosts',
  'outbox',
  'received',
  'schedule',
  'control',
] as const satisfies readonly BucketName[]

const carriers: Record<Kind, StreamName | undefined> = {
  metric: 'METRICS',
  check: 'METRICS',
  agent: 'METRICS',
  health: 'EVENTS',
  alert: 'EVENTS',
  notify: 'EVENTS',
  heal: 'EVENTS',
  backup: 'EVENTS',
  report: 'EVENTS',
  change: 'EVENTS',
  log: 'LOGS',
  progress: undefined,
  audit: 'AUDIT',
  dead: 'DEAD',
}

/** The stream that carries messages of this kind; undefined for what goes only to those who listen now. */
export function streamOf(kind: Kind): StreamName | undefined {
  return carriers[kind]
}

/** What the stream is called on the server: `EVENTS`, and `LAB_EVENTS` in the namespace `lab`. */
export function streamId(name: StreamName, namespace: string): string {
  return namespace === defaultNamespace ? name : `${namespace.toUpperCase()}_${name}`
}

/** What the bucket is called on the server: `ops_alerts`. */
export function bucketId(name: BucketName, namespace: string): string {
  return `${namespace}_${name}`
}

/** The stream behind a bucket: `KV_ops_alerts`. */
export function bucketStreamId(name: BucketName, namespace: string): string {
  return `KV_${bucketId(name, namespace)}`
}

/** A lease that was not renewed for so long is free: with the time to see it and to read the state, a takeover takes less than 5 s. */
export const leaseTtlMs = 3000
/** The server drops a second message of the same id that comes within this time. */
const duplicateWindowMs = 120_000
const maxMessageBytes = 1024 * 1024
const mebibyte = 1024 * 1024

/** A stream as it must be on the server: every option here is asserted after it was created. */
export type StreamSpec = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects' | 'storage' | 'max_bytes'>

/** The five streams of a namespace with their bounds. */
export function streamSpecs(config: StreamsConfig, namespace: string): StreamSpec[] {
  const file = StorageType.File
  const spec = (
    name: StreamName,
    description: string,
    bounds: { max_age: number; max_bytes: number },
    storage: StorageType,
  ): StreamSpec => ({
    name: streamId(name, namespace),
    description,
    subjects: kinds.filter((kind) => carriers[kind] === name).map((kind) => `${namespace}.${kind}.>`),
    storage,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    num_replicas: config.replicas,
    max_age: nanos(bounds.max_age),
    max_bytes: bounds.max_bytes,
    max_msg_size: maxMessageBytes,
    duplicate_window: nanos(Math.min(duplicateWindowMs, bounds.max_age)),
  })
  return [
    spec(
      'METRICS',
      'Measurements, check results and heartbeats; may be lost',
      config.metrics,
      config.metrics.storage === 'memory' ? StorageType.Memory : file,
    ),
    { ...spec('EVENTS', 'Transitions of health, alerts, heals, backups, reports', config.events, file), deny_delete: true },
    spec('LOGS', 'Error groups and shipped log lines', config.logs, file),
    { ...spec('AUDIT', 'Who did what, and what was not done and why', config.audit, file), deny_delete: true, deny_purge: true },
    spec('DEAD', 'What could not be processed, with the reason', config.dead, file),
  ]
}

const buckets: Record<BucketName, { description: string; maxBytes: number; history?: number; ttlMs?: number }> = {
  alerts: { description: 'State of each alert', maxBytes: 512 * mebibyte },
  silences: { description: 'Silences', maxBytes: 16 * mebibyte, history: 10 },
  acks: { description: 'Who took which alert', maxBytes: 16 * mebibyte },
  locks: { description: 'Leases; the revision is the fencing token', maxBytes: 4 * mebibyte, ttlMs: leaseTtlMs },
  hosts: { description: 'Known hosts', maxBytes: 64 * mebibyte },
  outbox: { description: 'Notifications on their way', maxBytes: 128 * mebibyte },
  received: { description: 'Alerts that other programs told us of', maxBytes: 32 * mebibyte },
  schedule: { description: 'What is due when', maxBytes: 16 * mebibyte },
  control: { description: 'Kill switch and holds', maxBytes: 4 * mebibyte, history: 10 },
}

/** The streams behind the KV buckets of a namespace, in the form every NATS tool knows. */
export function bucketSpecs(config: StreamsConfig, namespace: string): StreamSpec[] {
  return bucketNames.map((name) => {
    const { description, maxBytes, history = 1, ttlMs = 0 } = buckets[name]
    return {
      name: bucketStreamId(name, namespace),
      description,
      subjects: [`$KV.${bucketId(name, namespace)}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      num_replicas: config.replicas,
      max_age: nanos(ttlMs),
      max_bytes: maxBytes,
      max_msg_size: maxMessageBytes,
      max_msgs_per_subject: history,
      duplicate_window: nanos(ttlMs === 0 ? duplicateWindowMs : Math.min(duplicateWindowMs, ttlMs)),
      deny_delete: true,
      allow_rollup_hdrs: true,
      allow_direct: true,
    }
  })
}

/** File storage that the server sets aside for all of it; its `max_file_store` must not be smaller. */
export function reservedFileBytes(config: StreamsConfig, namespace: string): number {
  const specs = [...streamSpecs(config, namespace), ...bucketSpecs(config, namespace)]
  return specs.filter((spec) => spec.storage === StorageType.File).reduce((sum, spec) => sum + spec.max_bytes, 0)
}

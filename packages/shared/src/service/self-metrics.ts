import type { Bus, BusStats } from '../bus/bus.ts'
import type { ErrorCounts } from './error-counts.ts'
import type { MetricFamily } from './prometheus-text.ts'
import type { SelfMetrics } from './service.ts'

/** What a service says about itself, in its heartbeat and on /metrics, beside its own numbers. */
export interface SelfReading {
  process: SelfMetrics
  bus: Pick<Bus, 'state' | 'stats'>
  errors: ErrorCounts
  uptimeSeconds: number
  /** The service's own; ours win where a name is the same. */
  own: SelfMetrics
}

const busNumbers: Partial<Record<keyof BusStats, string>> = {
  reconnects: 'bus_reconnects_total',
  metricsPublished: 'metrics_published_total',
  metricsDropped: 'metrics_dropped_total',
  ringMessages: 'ring_messages',
  ringBytes: 'ring_bytes',
  eventsPublished: 'events_published_total',
  spoolEvents: 'spool_events',
  spoolBytes: 'spool_bytes',
  spoolCompacted: 'spool_compacted_total',
  spoolDamaged: 'spool_damaged_total',
  deadLettered: 'dead_lettered_total',
  permissionErrors: 'permission_errors_total',
}

const help: Record<string, string> = {
  uptime_seconds: 'Time since the service was started',
  bus_connected: '1 while connected to NATS',
  errors_total: 'Errors that were logged at WARNING or above',
  cpu_seconds_total: 'CPU time of the process',
  rss_bytes: 'Resident memory of the process',
  heap_used_bytes: 'JavaScript heap in use',
  external_bytes: 'Memory of buffers outside of the heap',
  event_loop_delay_p99_seconds: 'Delay of the event loop in the last complete heartbeat interval, 99th percentile',
  bus_reconnects_total: 'Times that the connection to NATS came back',
  metrics_published_total: 'Metric messages handed to NATS',
  metrics_dropped_total: 'Metric messages given up because the ring was full',
  ring_messages: 'Metric messages that wait for NATS',
  ring_bytes: 'Size of the metric messages that wait for NATS',
  events_published_total: 'Events that a stream has acknowledged',
  spool_events: 'Events on disk that wait for NATS',
  spool_bytes: 'Size of the events on disk that wait for NATS',
  spool_compacted_total: 'Events given up when the full spool was compacted to the last of each subject',
  spool_damaged_total: 'Lines of the spool that were torn by a crash or damaged',
  dead_lettered_total: 'Messages that could not be processed',
  permission_errors_total: 'Times that NATS denied a publish or a subscription',
}

/** All numbers by their name, snake_case with the unit at the end; null is unreadable. */
export function selfMetrics(reading: SelfReading): SelfMetrics {
  const stats = reading.bus.stats()
  const bus = Object.entries(busNumbers).map(([key, name]) => [name, stats[key as keyof BusStats]])
  return {
    ...reading.own,
    ...reading.process,
    ...Object.fromEntries(bus),
    bus_connected: reading.bus.state === 'connected' ? 1 : 0,
    errors_total: reading.errors.total,
    uptime_seconds: reading.uptimeSeconds,
  }
}

/** The same as Prometheus families `nightshift_<service>_<name>{host=...}`. */
export function selfFamilies(
  about: { service: string; host: string; version: string },
  numbers: SelfMetrics,
  errors: ErrorCounts,
): MetricFamily[] {
  const labels = { host: about.host }
  const prefix = `nightshift_${about.service}_`
  const families = Object.entries(numbers)
    .filter(([name]) => name !== 'errors_total')
    .map(([name, value]): MetricFamily => ({
      name: prefix + name,
      help: help[name] ?? `${name} of the ${about.service}, as in its heartbeat`,
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      samples: [{ labels, value }],
    }))
  return [
    {
      name: `${prefix}build_info`,
      help: 'Constant 1; the labels tell what runs',
      type: 'gauge',
      samples: [{ labels: { ...labels, version: about.version, node_version: process.versions.node }, value: 1 }],
    },
    {
      name: `${prefix}errors_total`,
      help: help['errors_total'] ?? '',
      type: 'counter',
      samples: errors.byCode().map(([code, value]) => ({ labels: { ...labels, code }, value })),
    },
    ...families,
  ]
}

import type { BusOptions } from '../bus/bus.ts'
import type { ServiceName } from '../subjects.ts'

type Needs = BusOptions['needs']

/**
 * The streams and buckets that must be there before a service is ready. Its permissions follow from the same table: it may look whether
 * these are there, and no others.
 */
const needs: Record<ServiceName, Needs> = {
  collector: { streams: ['METRICS', 'EVENTS', 'DEAD'], buckets: [] },
  alerter: {
    streams: ['METRICS', 'EVENTS', 'AUDIT', 'DEAD'],
    buckets: ['alerts', 'silences', 'acks', 'outbox', 'received', 'locks', 'hosts'],
  },
  backup: { streams: ['METRICS', 'EVENTS', 'AUDIT', 'DEAD'], buckets: ['locks', 'control'] },
  healer: { streams: ['METRICS', 'EVENTS', 'AUDIT', 'DEAD'], buckets: ['locks', 'control'] },
  reporter: { streams: ['METRICS', 'EVENTS', 'LOGS', 'AUDIT', 'DEAD'], buckets: ['alerts', 'silences', 'acks', 'hosts', 'control'] },
}

export function needsOf(service: ServiceName): Needs {
  return needs[service]
}

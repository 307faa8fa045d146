import { isoTime } from '@nightshift/shared/clock'
import { parseDuration } from '@nightshift/shared/config/scalars'
import { ContractError } from '@nightshift/shared/errors'
import { derivedId } from '@nightshift/shared/ids'
import { findGroup, isAppGroup } from '@nightshift/shared/metrics/catalogue'
import { heartbeatIntervalMs } from '@nightshift/shared/service/heartbeat'
import { buildSubject } from '@nightshift/shared/subjects'
import type { Recorded } from '../memory-bus.ts'
import type { Sample } from './series-notation.ts'
import type { Scenario } from './scenario-config.ts'

type Series = Scenario['series'][number]
/** Who says it stands beside it. */
type TimedMessage = Recorded & { readonly host: string }
type Item = Record<string, string | number | null>

/** Everything that happens on the bus in a scenario, in the order of time: metrics of hosts, transitions of checks. */
export function timelineOf(scenario: Scenario): Recorded[] {
  const startMs = Date.parse(scenario.start)
  const messages = [
    ...metricsOf(scenario, startMs).filter(({ host, receivedMs }) => !isSilent(scenario, host, receivedMs - startMs)),
    ...scenario.checks.flatMap((check) => transitionsOf(check, startMs)),
    ...heartbeatsOf(scenario, startMs),
  ]
  return messages.toSorted((a, b) => a.receivedMs - b.receivedMs)
}

/** One message per host and group and tick, as a collector sends it. */
function metricsOf({ series, interval }: Scenario, startMs: number): TimedMessage[] {
  const bySource = Map.groupBy(series, ({ host, metric }) => JSON.stringify([host, groupAndField(metric)[0]]))
  return [...bySource.values()].flatMap((ofGroup) => {
    const [first] = ofGroup
    if (first === undefined) return []
    const [group] = groupAndField(first.metric)
    const ticks = Math.max(...ofGroup.map(({ values }) => values.length))
    return Array.from({ length: ticks }, (_, tick) => tick).flatMap((tick) => {
      const body = bodyOf(group, ofGroup, tick)
      return body === undefined ? [] : [metric(first.host, group, startMs + tick * interval, body)]
    })
  })
}

/** undefined: the message does not come. A series that is missing from one that does come cannot be read. */
function bodyOf(group: string, ofGroup: readonly Series[], tick: number): { fields?: Item; items?: Item[] } | undefined {
  const samples = ofGroup.flatMap((series): [Series, Sample][] => {
    const sample = series.values[tick]
    return sample === undefined ? [] : [[series, sample]]
  })
  if (samples.every(([, sample]) => sample === 'missing')) return undefined
  const fields: Item = {}
  const items = new Map<string, Item>()
  let hasItems = false
  for (const [{ metric: name, labels }, sample] of samples) {
    const [, field] = groupAndField(name)
    const isItem = isOfItems(group, field, labels)
    hasItems ||= isItem
    if (sample === 'stale') continue
    const value = typeof sample === 'number' ? sample : null
    if (!isItem) fields[field] = value
    else if (isAppGroup(group)) items.set(`${name} ${JSON.stringify(labels)}`, { metric: field, ...labels, value })
    else items.set(JSON.stringify(labels), { ...items.get(JSON.stringify(labels)), ...labels, [field]: value })
  }
  return { ...(Object.keys(fields).length > 0 ? { fields } : {}), ...(hasItems ? { items: [...items.values()] } : {}) }
}

function isOfItems(group: string, field: string, labels: Readonly<Record<string, string>>): boolean {
  const known = findGroup(group)
  if (known === undefined) return Object.keys(labels).length > 0
  return !Object.hasOwn(known.fields, field) && known.items !== undefined && Object.hasOwn(known.items.fields, field)
}

function groupAndField(name: string): [group: string, field: string] {
  const dot = name.indexOf('.')
  return [name.slice(0, dot), name.slice(dot + 1)]
}

/** Of the collectors, when a scenario says that one of them falls silent; else nobody listens for them. */
function heartbeatsOf(scenario: Scenario, startMs: number): TimedMessage[] {
  if (scenario.silent.length === 0) return []
  const hosts = new Set([...scenario.series, ...scenario.checks, ...scenario.silent].map(({ host }) => host))
  const lastMs = Math.max(...scenario.expect.map(({ at }) => at))
  const beats = Array.from({ length: Math.ceil(lastMs / heartbeatIntervalMs) }, (_, index) => index * heartbeatIntervalMs)
  const about = {
    service: 'collector',
    instance: 'scenario',
    version: '0',
    pid: 1,
    started_time: isoTime(startMs),
    state: 'ready',
    reasons: [],
    self: {},
  }
  return [...hosts].flatMap((host) =>
    beats
      .filter((afterMs) => !isSilent(scenario, host, afterMs))
      .map((afterMs) => {
        const subject = buildSubject({ kind: 'agent', host, service: 'collector' })
        return recorded('METRICS', subject, host, startMs + afterMs, { ...about, interval_seconds: heartbeatIntervalMs / 1000 })
      }),
  )
}

function isSilent({ silent }: Scenario, host: string, afterMs: number): boolean {
  return silent.some((each) => each.host === host && afterMs >= each.from && afterMs < (each.to ?? Number.POSITIVE_INFINITY))
}

function metric(host: string, group: string, atMs: number, body: object): TimedMessage {
  return recorded('METRICS', buildSubject({ kind: 'metric', host, group }), host, atMs, { group, ...body })
}

function transitionsOf({ host, check, states, error }: Scenario['checks'][number], startMs: number): TimedMessage[] {
  return Object.entries(states).map(([after, state]) => {
    const afterMs = parseDuration(after)
    if (afterMs === undefined) throw new ContractError('bad_scenario', `"${after}" is not a time of ${check}; write for example 2m`)
    const facts = {
      check,
      kind: 'http',
      state,
      previous: null,
      consecutive: 1,
      error: state === 'failing' ? error : null,
      check_event_id: null,
    }
    return recorded('EVENTS', buildSubject({ kind: 'health', host, check }), host, startMs + afterMs, facts)
  })
}

function recorded(stream: Recorded['stream'], subject: string, host: string, atMs: number, body: object): TimedMessage {
  const id = derivedId(atMs, subject)
  const envelope = { v: 1, id, time: isoTime(atMs), host, source: `collector@${host}`, correlation_id: id }
  return { host, stream, subject, receivedMs: atMs, data: Buffer.from(JSON.stringify({ ...envelope, ...body })) }
}

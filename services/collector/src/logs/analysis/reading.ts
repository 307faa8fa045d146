import type { Fields, Item, Reading } from '../../sources/source.ts'
import { ratio, round } from '../../sources/rates.ts'
import type { HeavyHitters } from './clients/heavy-hitters.ts'
import type { ErrorGroups } from './errors/error-groups.ts'
import { levels } from './level.ts'
import type { Masker } from './masking/masker.ts'
import type { logFields, logItems, LogField, LogItemKind } from './metric-names.ts'
import type { Endpoint, Endpoints } from './requests/endpoints.ts'
import type { LatencySketch } from './requests/latency-sketch.ts'
import type { SavedTallies, Tallies } from './tallies.ts'

/** What a reading is made of. */
export interface ReadingParts {
  readonly tallies: Tallies
  /** As they were at the last reading. */
  readonly before: SavedTallies
  readonly latency: LatencySketch
  readonly endpoints: Endpoints
  readonly clients: HeavyHitters
  readonly auth: HeavyHitters
  readonly groups: ErrorGroups
  readonly masker: Masker
  readonly top: number
  readonly intervalSeconds: number | null
}

const longestLabel = 200
const statusNames = ['1xx', '2xx', '3xx', '4xx', '5xx']

/** The numbers of a log since the last reading. Does not start the interval anew. */
export function readingOf(parts: ReadingParts): Reading {
  return { fields: scalars(parts) satisfies Record<LogField, number | null> & Fields, items: items(parts) }
}

function scalars({
  before,
  endpoints,
  groups,
  intervalSeconds,
  latency,
  masker,
  tallies,
}: ReadingParts): Record<keyof typeof logFields, number | null> {
  const { totals } = tallies
  const grown = (name: keyof typeof totals): number => totals[name] - before.totals[name]
  const rate = (name: keyof typeof totals): number | null => perSecond(grown(name), intervalSeconds)
  const share = (part: number, whole: number): number | null => (intervalSeconds === null ? null : ratio(part, whole))
  return {
    lines_per_second: rate('lines'),
    bytes_per_second: rate('bytes'),
    unparsed_total: totals.unparsed,
    errors_total: totals.errors,
    errors_per_second: rate('errors'),
    error_ratio: share(grown('errors'), grown('events')),
    requests_total: totals.requests,
    requests_per_second: rate('requests'),
    request_errors_total: totals.requestErrors,
    request_error_ratio: share(grown('requestErrors'), grown('requests')),
    response_bytes_total: totals.responseBytes,
    response_bytes_per_second: rate('responseBytes'),
    request_seconds_p50: seconds(latency.quantile(0.5)),
    request_seconds_p95: seconds(latency.quantile(0.95)),
    request_seconds_p99: seconds(latency.quantile(0.99)),
    request_seconds_max: latency.count === 0 ? null : round(latency.max),
    slow_requests_total: totals.slow,
    auth_failures_total: totals.authFailures,
    auth_bursts_total: totals.authBursts,
    error_groups: groups.size,
    error_groups_overflow_total: totals.errorGroupsOverflow + groups.overflowTotal,
    endpoints_overflow_total: totals.endpointsOverflow + endpoints.overflowTotal,
    stack_lines_total: totals.stackLines,
    masked_total: totals.masked + masker.maskedTotal,
  }
}

function items(parts: ReadingParts): Item[] {
  const { auth, before, clients, endpoints, groups, intervalSeconds, masker, tallies, top } = parts
  const rate = (now: number | undefined, then: number | undefined): number | null => perSecond((now ?? 0) - (then ?? 0), intervalSeconds)
  const list: Item[] = levels.map((name, level) =>
    item('level', name, { lines_total: tallies.levels[level] ?? 0, lines_per_second: rate(tallies.levels[level], before.levels[level]) }),
  )
  if (tallies.totals.requests > 0) {
    for (const [index, name] of statusNames.entries()) {
      const requests = tallies.statuses[index] ?? 0
      list.push(item('status', name, { requests_total: requests, requests_per_second: rate(requests, before.statuses[index]) }))
    }
  }
  for (const [hour, lines] of tallies.hourLines.entries()) {
    if (lines === 0) continue
    const name = String(hour).padStart(2, '0')
    list.push(
      item('hour', name, {
        lines_total: lines,
        errors_total: tallies.hourErrors[hour] ?? 0,
        requests_total: tallies.hourRequests[hour] ?? 0,
      }),
    )
  }
  for (const endpoint of busiest(endpoints.all(), top)) list.push(endpointItem(endpoint, intervalSeconds, masker))
  for (const { name, count, overcount, bytes } of clients.top(top))
    list.push(item('client', masker.text(name), { requests_total: count, overcount, response_bytes_total: bytes }))
  for (const { name, count, overcount } of auth.top(top)) list.push(item('auth', masker.text(name), { failures_total: count, overcount }))
  const loudest = groups.groups().toSorted((a, b) => b.count - a.count)
  for (const group of loudest.slice(0, top)) {
    group.label ??= masker.text(group.sample).slice(0, longestLabel)
    const numbers = { errors_total: group.count, first_seen_seconds: group.firstSeenMs / 1000, last_seen_seconds: group.lastSeenMs / 1000 }
    list.push({ ...item('error', group.fingerprint, numbers), message: group.label })
  }
  return list
}

function endpointItem(endpoint: Endpoint, intervalSeconds: number | null, masker: Masker): Item {
  const { sketch } = endpoint
  return item('endpoint', masker.text(endpoint.name), {
    requests_total: endpoint.requests,
    requests_per_second: perSecond(endpoint.intervalRequests, intervalSeconds),
    errors_total: endpoint.errors,
    slow_total: endpoint.slow,
    response_bytes_total: endpoint.bytes,
    request_seconds_p50: seconds(sketch?.quantile(0.5) ?? null),
    request_seconds_p95: seconds(sketch?.quantile(0.95) ?? null),
    request_seconds_p99: seconds(sketch?.quantile(0.99) ?? null),
  })
}

function busiest(endpoints: readonly Endpoint[], top: number): Endpoint[] {
  return endpoints.toSorted((a, b) => b.requests - a.requests).slice(0, top)
}

function item<K extends LogItemKind>(
  kind: K,
  name: string,
  fields: Record<keyof (typeof logItems)[K]['fields'] & string, number | null>,
): Item {
  return { kind, name: name.slice(0, 512), ...fields }
}

function perSecond(grown: number, intervalSeconds: number | null): number | null {
  return intervalSeconds === null || intervalSeconds <= 0 ? null : round(Math.max(0, grown) / intervalSeconds)
}

function seconds(value: number | null): number | null {
  return value === null ? null : round(value)
}

import type { Bus } from '@nightshift/shared/bus/bus'
import { isoTime } from '@nightshift/shared/clock'
import type { AlertList } from '../list-alerts.ts'
import { matches, type Matcher } from '../silence/matcher.ts'
import { isActive, type Silence } from '../silence/silence.ts'
import { receivedBucket, type Received } from './received.ts'

/** What was asked for. */
export interface AlertQuery {
  /** All must match. */
  readonly matchers: readonly Matcher[]
  readonly active: boolean
  readonly silenced: boolean
}

interface Known {
  readonly bus: Bus
  readonly alerts: AlertList['alerts']
  readonly silences: readonly Silence[]
  readonly channels: readonly string[]
  readonly nowMs: number
}

/** An alert that fires and is not known to end by itself is said to last for so long, as Alertmanager does. */
const endsAfterMs = 5 * 60_000

/** Everything that fires, our own alerts too, as Alertmanager's API answers it. */
export async function foreignAlerts({ bus, alerts, silences, channels, nowMs }: Known, query: AlertQuery): Promise<object[]> {
  const received = new Map<string, Received>()
  for await (const [key, { value }] of (await bus.bucket('received', receivedBucket)).entries()) received.set(key, value)
  const active = silences.filter((silence) => isActive(silence, nowMs))
  return alerts.flatMap((alert) => {
    if (alert.phase !== 'firing' || !query.matchers.every((matcher) => matches(matcher, alert))) return []
    const silencedBy = active.filter((silence) => silence.matchers.every((matcher) => matches(matcher, alert))).map(({ id }) => id)
    if (silencedBy.length === 0 ? !query.active : !query.silenced) return []
    const sent = received.get(alert.fingerprint)
    const host = alert.host === null ? {} : { host: alert.host }
    const own = { alertname: alert.rule, ...host, severity: alert.severity, ...alert.labels }
    const summary = { summary: alert.summary, ...(alert.runbook !== null && { runbook_url: alert.runbook }) }
    return [
      {
        fingerprint: alert.fingerprint,
        labels: sent?.labels ?? own,
        annotations: sent?.annotations ?? summary,
        startsAt: alert.started_time,
        endsAt: isoTime(sent?.ends_ms ?? nowMs + endsAfterMs),
        updatedAt: isoTime(sent?.updated_ms ?? Date.parse(alert.changed_time)),
        generatorURL: sent?.generator_url ?? '',
        receivers: channels.map((name) => ({ name })),
        status: { state: silencedBy.length === 0 ? 'active' : 'suppressed', silencedBy, inhibitedBy: [], mutedBy: [] },
      },
    ]
  })
}

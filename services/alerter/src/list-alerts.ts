import { isoTime } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { AlertState } from './explain/alert-states.ts'
import { severities } from './rules/severity.ts'
import type { AlertRecord } from './state/stored.ts'

/** What `ops.rpc.alerter.list` answers: the worst and oldest first, as many as fit into one message. */
export interface AlertList {
  readonly alerts: readonly (Omit<AlertEvent, 'v' | 'id' | 'time' | 'source' | 'reason'> &
    Partial<AlertState> & { readonly changed_time: string })[]
  /** How many there are, also those that did not fit. */
  readonly total: number
}

const maxBytes = 512 * 1024
/** More do not fit, however short they are. */
const maxListed = 2000
/** Longer than any time since the epoch, milliseconds. */
const ageSpan = 1e15

/** The alerts that are pending or firing, from their records, with their states when these are asked for. */
export function listAlerts(records: Iterable<AlertRecord>, stateOf?: (event: AlertEvent) => AlertState): AlertList {
  const all = [...records].filter(({ life, last }) => life.phase !== 'ok' && last !== null)
  let room = maxBytes
  const alerts = worstOf(all)
    .flatMap(({ series, life, last }) => {
      const { phase, severity, value } = life
      if (last === null || phase === 'ok') return []
      const { host, rule, fingerprint, epoch, correlation_id, summary, threshold, started_time, runbook } = last.event
      const said = { host, rule, fingerprint, epoch, correlation_id, summary, threshold, started_time, runbook }
      const state = stateOf?.({ ...last.event, severity })
      return [{ ...said, phase, severity, value, labels: { ...series.labels }, changed_time: isoTime(life.changed_ms), ...state }]
    })
    .filter((alert) => (room -= JSON.stringify(alert).length) > 0)
  return { alerts, total: all.length }
}

/** The records that a request asks for: `{"alerts": ["<fingerprint>"]}` for some of them, which may stand too far down for the whole list. */
export function askedFor(records: readonly AlertRecord[], request: unknown): readonly AlertRecord[] {
  const wanted = typeof request === 'object' && request !== null && 'alerts' in request ? request.alerts : undefined
  if (!Array.isArray(wanted)) return records
  const fingerprints = new Set<unknown>(wanted)
  return records.filter(({ series }) => fingerprints.has(series.fingerprint))
}

/** The worst and oldest first. Of a hundred thousand only those are put in order that may fit, and each is looked at once. */
function worstOf(records: readonly AlertRecord[]): AlertRecord[] {
  const ranks = new Float64Array(records.length)
  for (const [index, record] of records.entries()) ranks[index] = rankOf(record)
  const last = ranks.toSorted()[maxListed - 1] ?? Number.POSITIVE_INFINITY
  return records
    .filter((_, index) => (ranks[index] ?? 0) <= last)
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .slice(0, maxListed)
}

function rankOf({ life: { phase, severity, started_ms: startedMs } }: AlertRecord): number {
  return ((phase === 'firing' ? 0 : severities.length) + severities.indexOf(severity)) * ageSpan + startedMs
}

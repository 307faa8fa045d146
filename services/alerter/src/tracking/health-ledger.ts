import type { HealthEvent } from '@nightshift/shared/events/health'
import type { Host } from '@nightshift/shared/subjects'
import { covers, type Position } from '../state/position.ts'
import type { HealthRecord } from '../state/stored.ts'

const maxChecks = 200_000
const recentIds = 16
/** A check that was removed is remembered for so long, in case an old transition of it comes late. */
const rememberRemovedMs = 86_400_000
const maxTextLength = 2000

/** The last transition of every check: the truth about checks, whatever was lost on METRICS. */
export class HealthLedger {
  readonly #records = new Map<string, HealthRecord>()
  duplicatesTotal = 0
  overflowTotal = 0

  get size(): number {
    return this.#records.size
  }

  all(): IterableIterator<HealthRecord> {
    return this.#records.values()
  }

  get(host: Host, check: string): HealthRecord | undefined {
    return this.#records.get(ledgerKey(host, check))
  }

  restore(record: HealthRecord): void {
    this.#records.set(ledgerKey(record.host, record.check), record)
  }

  /** Takes a transition in; undefined when it is none that we do not know. */
  apply(host: Host, event: HealthEvent, position: Position): { record: HealthRecord; previous: HealthRecord | undefined } | undefined {
    const key = ledgerKey(host, event.check)
    const previous = this.#records.get(key)
    if (previous !== undefined && (covers(previous.applied, position) || previous.recent_ids.includes(event.id))) {
      this.duplicatesTotal++
      return undefined
    }
    if (previous === undefined && this.size >= maxChecks) {
      this.overflowTotal++
      return undefined
    }
    const record: HealthRecord = {
      kind: 'health',
      token: 0,
      host,
      check: event.check,
      state: event.state,
      time_ms: Date.parse(event.time),
      event_id: event.id,
      correlation_id: event.correlation_id,
      consecutive: event.consecutive,
      error: event.error === null ? null : event.error.slice(0, maxTextLength),
      recent_ids: [event.id, ...(previous?.recent_ids ?? [])].slice(0, recentIds),
      applied: position,
    }
    this.#records.set(key, record)
    return { record, previous }
  }

  /** A host left for good: all its checks count as removed. Gives those that were not. */
  removeHost(host: Host, event: { id: string; timeMs: number }, position: Position): HealthRecord[] {
    const known = [...this.#records.values()].filter((record) => record.host === host && record.state !== 'removed')
    const removed = known
      .filter((record) => !covers(record.applied, position))
      .map((record): HealthRecord => ({
        ...record,
        state: 'removed',
        time_ms: event.timeMs,
        event_id: event.id,
        error: null,
        applied: position,
      }))
    for (const record of removed) this.restore(record)
    return removed
  }

  /** Forgets checks that were removed long ago, and returns them. */
  forgetRemoved(now: number): HealthRecord[] {
    const old = [...this.#records.values()].filter((record) => record.state === 'removed' && now - record.time_ms > rememberRemovedMs)
    for (const record of old) this.#records.delete(ledgerKey(record.host, record.check))
    return old
  }
}

function ledgerKey(host: Host, check: string): string {
  return `${host ?? ''}\u0000${check}`
}

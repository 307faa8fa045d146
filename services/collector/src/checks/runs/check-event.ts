import type { CheckEvent } from '@nightshift/shared/events/check'
import { isoTime } from '@nightshift/shared/clock'
import type { Origin } from '../../envelope.ts'
import type { Run } from './check-runner.ts'

/** Room enough for a person, and within the bound of the contract. */
const maxTextLength = 2048

/** A run as the bus carries it. */
export function checkEvent(origin: Origin, id: string, correlationId: string, check: string, kind: string, run: Run): CheckEvent {
  const { ok, error, detail } = run.outcome
  return {
    v: 1,
    id,
    time: isoTime(run.epochMs),
    host: origin.host,
    source: origin.source,
    correlation_id: correlationId,
    check,
    kind,
    ok,
    latency_seconds: run.latencySeconds,
    error: error === null ? null : error.slice(0, maxTextLength),
    detail: { ...detail },
  }
}

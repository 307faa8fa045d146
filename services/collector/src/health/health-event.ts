import type { HealthEvent } from '@nightshift/shared/events/health'
import { isoTime } from '@nightshift/shared/clock'
import { derivedId } from '@nightshift/shared/ids'
import type { Origin } from '../envelope.ts'
import type { Transition } from './transition.ts'

/** A transition as the bus carries it. The same transition always has the same id. */
export function healthEvent(origin: Origin, check: string, kind: string, transition: Transition): HealthEvent {
  const id = derivedId(transition.epochMs, 'health', origin.host, check, transition.state, String(transition.number))
  return {
    v: 1,
    id,
    time: isoTime(transition.epochMs),
    host: origin.host,
    source: origin.source,
    correlation_id: transition.correlationId ?? id,
    check,
    kind,
    state: transition.state,
    previous: transition.previous,
    consecutive: transition.consecutive,
    error: transition.error,
    check_event_id: transition.checkEventId,
  }
}

import type { ChangeEvent } from '@nightshift/shared/events/change'
import { isoTime } from '@nightshift/shared/clock'
import { derivedId } from '@nightshift/shared/ids'
import type { Origin } from '../envelope.ts'
import { differenceText, type Difference } from './difference.ts'

/** Differences of one look that are told one by one; more are told together in one event. */
const maxToldSingly = 50

/** What goes on the bus for the differences of one look. `number` counts the looks that found any. */
export function changeEvents(
  origin: Origin,
  aspect: string,
  differences: readonly Difference[],
  look: { number: number; epochMs: number },
): ChangeEvent[] {
  const single = differences.slice(0, maxToldSingly).map((difference) => {
    const { change, item, before, after } = difference
    return changeEvent(origin, aspect, look, differenceText(difference), { aspect, change, item, before, after })
  })
  const rest = differences.length - single.length
  if (rest === 0) return single
  return [
    ...single,
    changeEvent(origin, aspect, look, `${rest} more differences of ${aspect} at once`, { aspect, change: 'many', count: rest }),
  ]
}

function changeEvent(
  origin: Origin,
  aspect: string,
  look: { number: number; epochMs: number },
  summary: string,
  detail: NonNullable<ChangeEvent['detail']>,
): ChangeEvent {
  const id = derivedId(look.epochMs, 'change', origin.host, aspect, String(look.number), summary)
  return {
    v: 1,
    id,
    time: isoTime(look.epochMs),
    host: origin.host,
    source: origin.source,
    correlation_id: id,
    what: 'security',
    actor: 'collector',
    summary,
    version: null,
    detail,
  }
}

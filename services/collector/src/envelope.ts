import type { Envelope } from '@nightshift/shared/events/envelope'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'

/** Who says it. */
export interface Origin {
  readonly host: string
  /** `collector@host` */
  readonly source: string
}

/** What every message carries. Without a correlation it starts one of its own. */
export function envelope(origin: Origin, epochMs: number, correlationId?: string): Envelope {
  const id = newId(epochMs)
  return { v: 1, id, time: isoTime(epochMs), host: origin.host, source: origin.source, correlation_id: correlationId ?? id }
}

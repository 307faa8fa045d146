import type { Clock } from '@nightshift/shared/clock'
import { derivedId } from '@nightshift/shared/ids'
import type { Origin } from '../../envelope.ts'
import type { Log } from '../../log.ts'
import type { ShippedLine } from '../record.ts'

/** A line on its way, with the id that it has everywhere and for ever. */
export interface Parcel {
  readonly id: string
  readonly timeMs: number
  readonly line: ShippedLine
}

/** What became of the lines of one destination. */
export interface ShipCounts {
  shipped: number
  /** Refused for good by the destination. */
  rejected: number
  /** Given up because the destination stayed away. */
  dropped: number
  retries: number
}

/** Where lines are sent. */
export interface Destination {
  readonly name: string
  readonly counts: ShipCounts
  /**
   * Resolves when each line was taken, or refused for good, or given up. Tries for as long as it takes otherwise; rejects only when the
   * signal is aborted, and then the same lines are sent again after the restart.
   */
  ship(parcels: readonly Parcel[], signal: AbortSignal): Promise<void>
  close(): void
}

export interface DestinationContext {
  readonly origin: Origin
  /** Name of the log. */
  readonly source: string
  readonly clock: Clock
  readonly log: Log
}

/** A line that is read again after a crash gets the same id, so whoever knows ids takes it once. */
export function parcelOf(line: ShippedLine, origin: Origin, source: string): Parcel {
  const timeMs = line.timeMs ?? line.receivedMs
  return { id: derivedId(line.timeMs ?? dayOf(line.receivedMs), origin.host, source, line.key, String(line.offset)), timeMs, line }
}

/** For a line without a time: sorts well enough, and is the same when the line is read again soon. */
function dayOf(epochMs: number): number {
  return epochMs - (epochMs % 86_400_000)
}

export function noShipCounts(): ShipCounts {
  return { shipped: 0, rejected: 0, dropped: 0, retries: 0 }
}

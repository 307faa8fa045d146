import type { Fields } from '../sources/source.ts'
import type { NoticePublisher } from './notice-publisher.ts'
import type { Destination, ShipCounts } from './ship/destination.ts'
import type { LogSource } from './sources/log-source.ts'

/** What the reading, saying and shipping of a log tells about itself, in the metric group of the log. */
export function tailFields(
  source: LogSource,
  notices: NoticePublisher['counts'],
  destinations: readonly Destination[],
  waiting: number | undefined,
): Fields {
  const { counts } = source
  const { files, overflow, unreadBytes, unreadable } = source.standing()
  return {
    lines_total: counts.lines,
    bytes_total: counts.bytes,
    lines_cut_total: counts.cut,
    lines_binary_total: counts.binary,
    unread_bytes: unreadBytes,
    files,
    files_overflow: overflow,
    files_unreadable: unreadable,
    files_lost_total: counts.lostFiles,
    rotations_total: counts.rotations,
    truncations_total: counts.truncations,
    notices_total: notices.published,
    notices_dropped_total: notices.dropped,
    ...(waiting === undefined ? {} : shipFields(destinations, waiting)),
  }
}

function shipFields(destinations: readonly Destination[], waiting: number): Fields {
  const sum = (name: keyof ShipCounts): number => destinations.reduce((total, { counts }) => total + counts[name], 0)
  return {
    ship_waiting_lines: waiting,
    shipped_total: sum('shipped'),
    ship_rejected_total: sum('rejected'),
    ship_dropped_total: sum('dropped'),
    ship_retries_total: sum('retries'),
  }
}

import type { LineSink } from '../record.ts'

/** Takes lines while it is not full. */
export interface SourceSink extends LineSink {
  isFull(): boolean
}

/** What a source counted since it was first opened, kept through restarts. */
export interface LineCounts {
  lines: number
  bytes: number
  /** Lines over `max_line_bytes`, of which only the beginning was taken. */
  cut: number
  /** Lines with zero bytes, which are not text. */
  binary: number
  rotations: number
  truncations: number
  /** Files that were rotated away, or compressed, before they were read to their end. */
  lostFiles: number
}

/** What a source sees now. */
export interface SourceStanding {
  readonly files: number
  /** Files that match, but are over the bound. */
  readonly overflow: number
  /** Bytes that are there and were not read; null when that is not known. */
  readonly unreadBytes: number | null
  readonly unreadable: number
}

/** Where lines come from: files, containers, the journal. */
export interface LogSource {
  readonly counts: LineCounts
  /** Takes what is there, in slices, so that nothing else waits. True when there is more: then it wants to be asked again at once. */
  poll(sink: SourceSink): Promise<boolean>
  standing(): SourceStanding
  /** Where it is, as JSON. Everything before this place was given to the sink. */
  save(): unknown
  close(): Promise<void>
}

export function noCounts(): LineCounts {
  return { lines: 0, bytes: 0, cut: 0, binary: 0, rotations: 0, truncations: 0, lostFiles: 0 }
}

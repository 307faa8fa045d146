import type { Clock } from '@nightshift/shared/clock'
import type { Log } from '../log.ts'
import type { Reading } from '../sources/source.ts'

export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical'
export type FieldValue = string | number | boolean | null

/** Where lines come from. One object per file, container or journal, the same one as long as that is followed. */
export interface LineOrigin {
  /** Unique within the source and the same after a restart. Lines that belong together (a stack trace) have the same key. */
  readonly key: string
  /** What is known without looking into the line, such as `file`, `container`, `pod`, `unit`, `stream`. Goes into the fields of what is shipped. */
  readonly labels: Readonly<Record<string, string>>
}

/** Takes complete lines, in order per origin. */
export interface LineSink {
  /**
   * `chunk` holds whole lines only, each ended by \n. It is a view into a buffer that is used again after the call: copy what is kept.
   * `offset` is the place of its first byte in what the origin is: with the key it names a line, before and after a restart.
   */
  take(chunk: Buffer, receivedMs: number, origin: LineOrigin, offset: number): void
  /** The origin is gone or read to its end for good: a stack trace that is still open is complete. */
  close(origin: LineOrigin): void
}

/** An error group, a burst of failed logins, slow requests: what is said once per occasion, not once per line. Masked. */
export interface LogNotice {
  readonly level: LogLevel
  readonly message: string
  readonly fingerprint: string | null
  readonly count: number
  /** Of the last line it stands for. */
  readonly timeMs: number
  /** Of the first one, for ever. */
  readonly firstSeenMs?: number
  readonly requestId?: string
  readonly fields: Readonly<Record<string, FieldValue>>
}

/** One line (with its stack trace) that the config asks to ship. Masked. */
export interface ShippedLine {
  readonly level: LogLevel
  readonly message: string
  readonly fingerprint: string | null
  /** The time in the line; null when it has none that can be read. */
  readonly timeMs: number | null
  readonly receivedMs: number
  readonly requestId?: string
  /** Parsed fields and the labels of the origin. */
  readonly fields: Readonly<Record<string, FieldValue>>
  /** Key of the origin, and the place of the line's first byte in it. */
  readonly key: string
  readonly offset: number
}

/** Which lines are shipped; null: none. `minLevel` absent: all. */
export interface ShipAsked {
  readonly minLevel?: LogLevel
}

export interface AnalyzerContext {
  readonly clock: Clock
  readonly log: Log
  /** Name of the log in the config. */
  readonly source: string
  readonly ship: ShipAsked | null
  /** What `save` gave before the restart; undefined at first. Anything may stand in it: it was read from a file. */
  readonly saved: unknown
}

/**
 * What the lines of one source say. `openAnalyzer(config, context)` of analysis/analyzer.ts makes one. The number of lines and bytes, of
 * cut ones, files and rotations is the tail's: its fields are put beside those of `read`.
 */
export interface Analyzer extends LineSink {
  /** Numbers since the last call, as a metric reading for group log_<source>. */
  read(intervalSeconds: number | null): Reading
  /** What is due to be published since the last call; bounded. */
  drainEvents(): LogNotice[]
  /** The next lines to ship, oldest first; bounded. */
  drainShipped(max: number): ShippedLine[]
  /** Lines taken that have not come out of `drainShipped` yet, because it was not called or their stack trace is still open. */
  pendingShipped(): number
  /**
   * Events that are not complete, because lines of a stack trace may follow; those that were quiet for long enough are completed by this
   * call. They are in no counter yet, so a position is saved only while there are none.
   */
  openEvents(): number
  /** No more lines should be given before some were drained. Never true when nothing is shipped. */
  isFull(): boolean
  /**
   * What must survive a restart together with the positions: small JSON. Counters (`_total`) are part of it, so that a line is counted once:
   * after a crash the lines since the last save are read again and counted on top of the saved numbers.
   */
  save(): unknown
}

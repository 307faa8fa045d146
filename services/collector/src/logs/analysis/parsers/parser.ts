import type { LogAnalysisConfig, LogFormat } from '../../../config/log-analysis.ts'
import type { FieldValue } from '../../record.ts'
import type { LineRecord } from '../line-record.ts'

/** Understands the lines of one format. */
export interface LineParser {
  /**
   * Puts what the line says into the record; false when the line is not of this format. The line is `bytes` from `start` to `end`, and a
   * line feed stands at `end`.
   */
  fill(bytes: Buffer, start: number, end: number, record: LineRecord, receivedMs: number): boolean
  /** All fields of a line that `fill` understood, for shipping; absent where the record holds them all. */
  fields?(line: string): Record<string, FieldValue>
}

/** The one shape of every file here; registry.ts lists them. */
export interface ParserDefinition {
  readonly format: Exclude<LogFormat, 'auto'>
  /** Failed logins may stand in lines of any level. */
  readonly tellsLogins: boolean
  /** Tried by `format: auto`, in the order of the registry. */
  readonly isDetected: boolean
  open(config: LogAnalysisConfig): LineParser
}

/** The part of a line that a pattern for its beginning needs to see; the message after it may be longer. */
export function headOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, Math.min(end, start + longestHead))
}

const longestHead = 512

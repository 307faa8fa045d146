import type { FieldValue } from '../record.ts'
import { levelOfStatus, unknownLevel } from './level.ts'
import { texts, type LineRecord, type TextField } from './line-record.ts'
import type { TraceState } from './stack/continuation.ts'
import type { LineParser } from './parsers/parser.ts'

const longestMessage = 2048
const longestStack = 16_384
const longestText = 256
const longestField = 4096
const maxStackLines = 400
/** Texts that are shipped as fields of their own. */
const shippedTexts = ['method', 'path', 'client', 'logger', 'error_type', 'user'] as const satisfies readonly TextField[]

/** What a line would be shipped as. */
export interface Shipment {
  /** As it stands; understood anew when it is sent. */
  readonly line: string
  readonly parser: LineParser
  readonly fields: Record<string, FieldValue>
  readonly hasTime: boolean
  readonly receivedMs: number
  readonly offset: number
}

/**
 * The last event of an origin, held until it is known that no stack trace follows: lines of one are attached to it. One object per origin,
 * used again.
 */
export class HeldEvent implements TraceState {
  isOpen = false
  inTraceback = false
  /** There are frames of a stack in the text or behind it. */
  hasStack = false
  /** A traceback without a line of the log in front. */
  isBare = false
  /** A traceback came to its end, and nothing says that another one belongs to it. */
  isTraced = false
  level = unknownLevel
  timeMs = 0
  /** When its last line was taken. */
  lastMs = 0
  readonly message = Buffer.alloc(longestMessage)
  messageLength = 0
  stack = ''
  stackLines = 0
  errorType: string | undefined
  logger: string | undefined
  requestId: string | undefined
  /** For a line of an access log, in place of the message. */
  endpoint: string | undefined
  status = 0
  shipment: Shipment | undefined

  begin(record: LineRecord, timeMs: number, receivedMs: number): void {
    this.isOpen = true
    this.inTraceback = false
    this.isBare = false
    this.isTraced = false
    this.level = record.level
    this.timeMs = timeMs
    this.lastMs = receivedMs
    this.errorType = record.text(texts.error_type, longestText)
    this.logger = record.text(texts.logger, longestText)
    this.requestId = record.text(texts.request_id, longestText)
    this.endpoint = undefined
    this.status = record.status
    this.shipment = undefined
    this.stack = record.text(texts.stack, longestStack) ?? ''
    this.stackLines = 0
    this.#setMessage(record)
    this.hasStack = this.stack !== ''
  }

  /** A traceback that stands alone, as Python prints one nobody caught. */
  beginTraceback(timeMs: number, receivedMs: number): void {
    this.isOpen = true
    this.inTraceback = true
    this.isBare = true
    this.isTraced = false
    this.level = unknownLevel
    this.timeMs = timeMs
    this.lastMs = receivedMs
    this.messageLength = 0
    this.errorType = undefined
    this.logger = undefined
    this.requestId = undefined
    this.endpoint = undefined
    this.status = 0
    this.shipment = undefined
    this.stack = ''
    this.stackLines = 0
    this.hasStack = true
  }

  attach(bytes: Buffer, start: number, end: number, receivedMs: number): void {
    this.lastMs = receivedMs
    this.hasStack = true
    if (++this.stackLines > maxStackLines || this.stack.length >= longestStack) return
    const line = bytes.toString('utf8', start, Math.min(end, start + longestField))
    this.stack = this.stack === '' ? line : `${this.stack}\n${line}`
  }

  /** The line that names the exception is the message of a traceback that stands alone. */
  setMessage(bytes: Buffer, start: number, end: number): void {
    this.messageLength = bytes.copy(this.message, 0, start, Math.min(end, start + longestMessage))
  }

  /** A message of several lines that came in one, as in JSON, holds its stack itself. */
  #setMessage(record: LineRecord): void {
    this.messageLength = 0
    if (!record.has(texts.message)) return
    const bytes = record.bufferOf(texts.message)
    const from = record.from(texts.message)
    const to = record.to(texts.message)
    const feed = bytes.subarray(from, to).indexOf(0x0a)
    this.setMessage(bytes, from, feed === -1 ? to : from + feed)
    if (feed !== -1 && this.stack === '') this.stack = bytes.toString('utf8', from + feed + 1, Math.min(to, from + feed + longestStack))
  }

  get messageText(): string {
    return this.message.toString('utf8', 0, this.messageLength)
  }
}

/** The level of a record: its own, else what its status says; -1 when it says nothing. */
export function levelOf(record: LineRecord): number {
  if (record.status === 0) return record.level
  return record.isAccess || record.level === unknownLevel ? Math.max(record.level, levelOfStatus(record.status)) : record.level
}

/** What a record holds, as fields of a line that is shipped. */
export function fieldsOf(record: LineRecord): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {}
  for (const name of shippedTexts) {
    const text = record.text(texts[name], longestField)
    if (text !== undefined) fields[name] = text
  }
  if (record.status > 0) fields['status'] = record.status
  if (record.seconds >= 0) fields['duration_seconds'] = record.seconds
  if (record.responseBytes > 0) fields['bytes'] = record.responseBytes
  return fields
}

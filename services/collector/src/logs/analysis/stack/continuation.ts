/** Where a stack trace stands that is being read. */
export interface TraceState {
  /** After `Traceback (most recent call last):`, until the line that names the exception. */
  inTraceback: boolean
}

export type LineRole = 'event' | 'continuation' | 'traceback' | 'exception' | 'chain'

const traceback = Buffer.from('Traceback (most recent call last)')
const starts = ['Caused by: ', 'Suppressed: ', '... '].map((text) => Buffer.from(text))
/** Another traceback follows that belongs to the same event. */
const chains = ['During handling of the above exception', 'The above exception was the direct cause'].map((text) => Buffer.from(text))
const brace = 0x7b
/** `ValueError: text`, `app.errors.NotFound`, `SystemExit: 1`. */
const pythonException = /^[A-Za-z_][\w.]{0,200}(?:: |:?$)/
/** `java.lang.IllegalStateException: text`. */
const javaException = /^(?:[a-z_][\w$]{0,100}\.){1,20}[A-Z][\w$]{0,200}(?:Exception|Error|Throwable)(?:: |$)/
const longestSeen = 300

/** Whether a line is an event of its own or belongs to the one before it. `isHeld`: there is an event that it could belong to. */
export function roleOf(bytes: Buffer, start: number, end: number, state: TraceState, isHeld: boolean): LineRole {
  if (start === end) return 'continuation'
  const first = bytes[start] as number
  if (first === brace) return 'event'
  if (first === 0x20 || first === 0x09) return isIndentedJson(bytes, start, end) ? 'event' : 'continuation'
  if (first === 0x54 && beginsWith(bytes, start, end, traceback)) return 'traceback'
  if (first === 0x43 || first === 0x44 || first === 0x54 || first === 0x53 || first === 0x2e) {
    if (isHeld && starts.some((text) => beginsWith(bytes, start, end, text))) return 'continuation'
    if (isHeld && chains.some((text) => beginsWith(bytes, start, end, text))) return 'chain'
  }
  if (state.inTraceback) return pythonException.test(headText(bytes, start, end)) ? 'exception' : 'event'
  if (isHeld && first >= 0x61 && first <= 0x7a && javaException.test(headText(bytes, start, end))) return 'exception'
  return 'event'
}

function headText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, Math.min(end, start + longestSeen))
}

function isIndentedJson(bytes: Buffer, start: number, end: number): boolean {
  let at = start
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  return bytes[at] === brace && bytes[end - 1] === 0x7d
}

function beginsWith(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start < text.length) return false
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text[at]) return false
  return true
}

import { levelOfWord } from '../level.ts'
import { texts, type LineRecord } from '../line-record.ts'
import { parseIsoTime } from '../bytes/time-text.ts'
import { headOf, type LineParser, type ParserDefinition } from './parser.ts'

/** `[2025-10-21 13:55:36,123] `, with T, a dot, an offset, without brackets, or nothing. */
const time = /^\[?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?)\]?[\s|,:-]{0,8}/
const word =
  /\b(TRACE|DEBUG|INFO|SUCCESS|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|trace|debug|info|notice|warn|warning|error|crit|critical|fatal|Warning|Error)\b/
/** What stands between the level and the message. */
const gap = /^\]?(?: {0,8}[|:-])? {0,8}/
const longestBefore = 100

/**
 * `WARNING:root:text`, `2025-10-21 13:55:36,123 - name - ERROR - text`, `[time] ERROR in app: text`, `time | ERROR | module:function:1 - text`:
 * a level in capitals (or small letters in brackets) near the beginning. What other loggers write as plain text mostly looks like one of these.
 */
export const pythonParser: ParserDefinition = { format: 'python', tellsLogins: false, isDetected: true, open: () => opened(true) }
/** Any text: the whole line is the message where it names no level. */
export const plainParser: ParserDefinition = { format: 'plain', tellsLogins: false, isDetected: false, open: () => opened(false) }

function opened(needsLevel: boolean): LineParser {
  return { fill: (bytes, start, end, record) => fill(bytes, start, end, record, needsLevel) }
}

function fill(bytes: Buffer, start: number, end: number, record: LineRecord, needsLevel: boolean): boolean {
  const text = headOf(bytes, start, end)
  const stamp = time.exec(text)
  const from = stamp?.[0].length ?? 0
  if (stamp !== null) {
    const at = start + stamp[0].indexOf(stamp[1] as string)
    record.timeMs = parseIsoTime(bytes, at, at + (stamp[1] as string).length)
  }
  const head = text.slice(from, from + longestBefore)
  const found = word.exec(head)
  // A level in the middle of a sentence is none: it stands first, or behind a name.
  if (found === null || !/^[\w.$/[\]():|\s-]{0,100}$/.test(head.slice(0, found.index)) || !isLevelPlace(head, found, stamp !== null)) {
    if (needsLevel) return false
    record.setSpan(texts.message, start + from, end)
    return true
  }
  const levelAt = from + found.index
  record.level = levelOfWord(bytes, start + levelAt, start + levelAt + found[0].length)
  const name = /([\w.]{1,100})[\s:|\]-]{1,8}$/.exec(head.slice(0, found.index))?.[1]
  if (name !== undefined && /[A-Za-z]/.test(name)) record.setText(texts.logger, name)
  const after = levelAt + found[0].length
  record.setSpan(texts.message, start + after + (gap.exec(text.slice(after, after + 40))?.[0].length ?? 0), end)
  return true
}

/** Followed by a separator or text, and behind nothing, a separator, or a time and a name: `app - ERROR - `, `ERROR:`, `[error]`, `ERROR in`. */
function isLevelPlace(head: string, found: RegExpExecArray, hasTime: boolean): boolean {
  const before = head.slice(0, found.index).trimEnd()
  const next = head.slice(found.index + found[0].length)
  const isSeparated = /^(?:\s*[:|\]-]|\s+in |\s+\[|\s{1,8}\S)/.test(next) || next === ''
  if (!isSeparated) return false
  const isCapital = found[0] === found[0].toUpperCase()
  return before === '' || /[\]|:([-]$/.test(before) || (isCapital && hasTime && !before.includes(' '))
}

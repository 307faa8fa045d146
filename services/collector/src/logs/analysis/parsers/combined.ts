import type { LogAnalysisConfig } from '../../../config/log-analysis.ts'
import { isDigit, parseNumber, parseSeconds } from '../bytes/number-text.ts'
import { parseClfTime } from '../bytes/time-text.ts'
import { texts, type LineRecord } from '../line-record.ts'
import type { LineParser, ParserDefinition } from './parser.ts'
import { unitSeconds } from './unit.ts'

const quote = 0x22
const blank = 0x20
const dash = 0x2d

/**
 * Access logs of nginx and Apache: common, combined, with the host in front, and with the time the request took behind: `0.123`, `"0.123"`,
 * `rt=0.123`, `request_time=0.123`. A whole number there (Apache's %D) counts when the config says its unit.
 */
export const combinedParser: ParserDefinition = { format: 'combined', tellsLogins: false, isDetected: true, open }
/** The access log of nginx, which is combined. */
export const nginxParser: ParserDefinition = { format: 'nginx', tellsLogins: false, isDetected: false, open }
/** The access log of Apache, which is combined. */
export const apacheParser: ParserDefinition = { format: 'apache', tellsLogins: false, isDetected: false, open }

function open(config: LogAnalysisConfig): LineParser {
  const scale = unitSeconds(config.duration_unit)
  return { fill: (bytes, start, end, record) => fill(bytes, start, end, record, scale) }
}

function fill(bytes: Buffer, start: number, end: number, record: LineRecord, scale: number | undefined): boolean {
  const bracket = find(bytes, start, Math.min(end, start + 512), 0x5b)
  const closed = bracket === -1 ? -1 : find(bytes, bracket, Math.min(end, bracket + 40), 0x5d)
  if (closed === -1 || bytes[closed + 1] !== blank || bytes[closed + 2] !== quote) return false
  record.timeMs = parseClfTime(bytes, bracket + 1, closed)
  if (Number.isNaN(record.timeMs)) return false
  const request = closed + 3
  const requestEnd = endOfQuoted(bytes, request, end)
  if (requestEnd === -1 || !isDigit(bytes[requestEnd + 2])) return false
  record.status = parseNumber(bytes, requestEnd + 2, requestEnd + 5)
  if (!(record.status >= 100 && record.status <= 999)) return false
  record.isAccess = true
  setFront(bytes, start, bracket - 1, record)
  setRequest(bytes, request, requestEnd, record)
  const size = requestEnd + 6
  const sizeEnd = endOfWord(bytes, size, end)
  const sent = parseNumber(bytes, size, sizeEnd)
  if (sent >= 0) record.responseBytes = sent
  setSeconds(bytes, sizeEnd, end, record, scale)
  return true
}

/** `client ident user`, or `host client ident user`. */
function setFront(bytes: Buffer, start: number, end: number, record: LineRecord): void {
  const first = endOfWord(bytes, start, end)
  const second = endOfWord(bytes, first + 1, end)
  const third = endOfWord(bytes, second + 1, end)
  const hasHost = third < end
  const clientFrom = hasHost ? first + 1 : start
  const clientTo = hasHost ? second : first
  if (clientTo > clientFrom && bytes[clientFrom] !== dash) record.setSpan(texts.client, clientFrom, clientTo)
  const userFrom = (hasHost ? third : second) + 1
  if (userFrom < end && !(bytes[userFrom] === dash && userFrom + 1 === end)) record.setSpan(texts.user, userFrom, end)
}

function setRequest(bytes: Buffer, from: number, to: number, record: LineRecord): void {
  const method = endOfWord(bytes, from, to)
  if (method < to) {
    record.setSpan(texts.method, from, method)
    record.setSpan(texts.path, method + 1, endOfWord(bytes, method + 1, to))
  } else record.setSpan(texts.path, from, to)
  record.setSpan(texts.message, from, to)
}

/** Behind referrer and agent, where there are any. */
function setSeconds(bytes: Buffer, at: number, end: number, record: LineRecord, scale: number | undefined): void {
  let quoted = 0
  for (let pos = at; pos < end;) {
    while (bytes[pos] === blank) pos++
    let from = pos
    let to: number
    if (bytes[pos] === quote) {
      from = pos + 1
      to = endOfQuoted(bytes, from, end)
      if (to === -1) return
      pos = to + 1
      if (++quoted <= 2) continue
    } else {
      to = endOfWord(bytes, pos, end)
      pos = to + 1
    }
    const sign = find(bytes, from, Math.min(to, from + 20), 0x3d)
    if (sign !== -1) {
      const key = bytes.toString('latin1', from, sign)
      if (key !== 'rt' && key !== 'request_time') continue
      from = sign + 1
    }
    const hasDot = find(bytes, from, to, 0x2e) !== -1
    if (!isDigit(bytes[from]) || (!hasDot && scale === undefined)) continue
    const value = parseSeconds(bytes, from, to, hasDot ? 1 : (scale ?? 1))
    if (!(value >= 0)) continue
    record.seconds = value
    return
  }
}

function find(bytes: Buffer, from: number, to: number, byte: number): number {
  for (let at = from; at < to; at++) if (bytes[at] === byte) return at
  return -1
}

function endOfWord(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== blank) at++
  return Math.min(at, end)
}

/** The place of the closing quote. */
function endOfQuoted(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (bytes[at] === quote) return at
    if (bytes[at] === 0x5c) at++
  }
  return -1
}

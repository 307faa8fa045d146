/** What one line of a page of metrics says. Help texts, units, comments, timestamps and exemplars say nothing that is kept. */
export type PageLine =
  | { readonly kind: 'sample'; /** Name and labels as written. */ readonly series: string; readonly value: number }
  | { readonly kind: 'type'; readonly family: string; readonly type: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bad'; readonly reason: string }

const nothing: PageLine = { kind: 'nothing' }
const end: PageLine = { kind: 'end' }
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const infinity = /^[+-]?inf(?:inity)?$/i

/** One line of the Prometheus text format 0.0.4 or of OpenMetrics 1.0. Never throws, and looks at each character a bounded number of times. */
export function parsePageLine(line: string): PageLine {
  const from = skipBlanks(line, 0)
  if (from === line.length) return nothing
  if (line[from] === '#') return parseComment(line.slice(from))
  const seriesEnd = endOfSeries(line, from)
  if (seriesEnd < 0) return bad('its labels do not end')
  const valueFrom = skipBlanks(line, seriesEnd)
  if (valueFrom === line.length) return bad('it has no value')
  if (valueFrom === seriesEnd && line[seriesEnd - 1] !== '}') return bad('it has no value')
  const valueEnd = endOfWord(line, valueFrom)
  const value = parseNumber(line.slice(valueFrom, valueEnd))
  if (value === undefined) return bad(`"${line.slice(valueFrom, Math.min(valueEnd, valueFrom + 40))}" is not a number`)
  const rest = skipBlanks(line, valueEnd)
  if (rest < line.length && !isTail(line, rest)) return bad('something stands behind its value')
  return { kind: 'sample', series: line.slice(from, line[seriesEnd - 1] === '}' ? seriesEnd : trimBlanks(line, from, seriesEnd)), value }
}

/** A number as exporters write them; undefined when it is none. */
export function parseNumber(text: string): number | undefined {
  if (decimal.test(text)) return Number(text)
  if (infinity.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return /^nan$/i.test(text) ? NaN : undefined
}

function parseComment(text: string): PageLine {
  if (/^# ?EOF$/.test(text)) return end
  const words = text
    .slice(1)
    .trimStart()
    .split(/[ \t]+/, 3)
  if (words[0] !== 'TYPE') return nothing
  const [, family, type] = words
  return family === undefined || type === undefined || type === ''
    ? bad('a TYPE line names a metric and its type')
    : { kind: 'type', family, type }
}

/** Where name and labels end, -1 when the labels do not. A brace within quotes does not count. */
function endOfSeries(line: string, from: number): number {
  let at = from
  for (; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === 0x7b) break
    if (code === 0x20 || code === 0x09) {
      const next = skipBlanks(line, at)
      if (line[next] !== '{') return at
      at = next
      break
    }
  }
  if (at === line.length) return at
  let isQuoted = false
  for (at++; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (isQuoted && code === 0x5c) at++
    else if (code === 0x22) isQuoted = !isQuoted
    else if (code === 0x7d && !isQuoted) return at + 1
  }
  return -1
}

/** Behind the value: a timestamp, an exemplar, or both. */
function isTail(line: string, from: number): boolean {
  if (line[from] === '#') return line.startsWith('# {', from)
  const to = endOfWord(line, from)
  if (!decimal.test(line.slice(from, to))) return false
  const rest = skipBlanks(line, to)
  return rest === line.length || line.startsWith('# {', rest)
}

function skipBlanks(line: string, from: number): number {
  let at = from
  while (line[at] === ' ' || line[at] === '\t') at++
  return at
}

function trimBlanks(line: string, from: number, to: number): number {
  let at = to
  while (at > from && (line[at - 1] === ' ' || line[at - 1] === '\t')) at--
  return at
}

function endOfWord(line: string, from: number): number {
  let at = from
  while (at < line.length && line[at] !== ' ' && line[at] !== '\t') at++
  return at
}

function bad(reason: string): PageLine {
  return { kind: 'bad', reason }
}

/** The label under which relabelling sees the name of a metric. */
export const nameLabel = '__name__'

export interface SeriesText {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
}

/** Bounds of the contract for the key of an item, and of good sense for one series. */
const maxNameLength = 128
const maxLabels = 64

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const labelPattern = /[a-zA-Z_][a-zA-Z0-9_]*/y
const unescaped: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' }

/** `http_requests_total{method="GET",code="200"}` taken apart; a text that says what is wrong when it cannot be. */
export function parseSeriesText(text: string): SeriesText | string {
  const brace = text.indexOf('{')
  const name = seriesName(text)
  if (!namePattern.test(name)) return `"${name.slice(0, 40)}" is not the name of a metric`
  if (name.length > maxNameLength) return `its name is longer than ${maxNameLength} characters`
  if (brace < 0) return { name, labels: new Map() }
  const labels = parseLabels(text, brace + 1)
  return typeof labels === 'string' ? labels : { name, labels }
}

/** What stands before the labels, whether or not it can be a name. */
export function seriesName(text: string): string {
  const brace = text.indexOf('{')
  return (brace < 0 ? text : text.slice(0, brace)).trimEnd()
}

/** The inverse of parseSeriesText. */
export function printSeriesText({ name, labels }: SeriesText): string {
  const printed = [...labels].map(([label, value]) => `${label}="${escapeValue(value)}"`)
  return printed.length === 0 ? name : `${name}{${printed.join(',')}}`
}

function parseLabels(text: string, from: number): Map<string, string> | string {
  const labels = new Map<string, string>()
  let at = skipBlanks(text, from)
  while (text[at] !== '}') {
    labelPattern.lastIndex = at
    const label = labelPattern.exec(text)?.[0]
    if (label === undefined) return 'one of its labels has no proper name'
    if (label.length > maxNameLength) return `a label's name is longer than ${maxNameLength} characters`
    at = skipBlanks(text, at + label.length)
    if (text[at] !== '=') return `label ${label} has no value`
    at = skipBlanks(text, at + 1)
    if (text[at] !== '"') return `the value of label ${label} is not in double quotes`
    const end = endOfValue(text, at + 1)
    if (end === text.length) return `the value of label ${label} does not end`
    if (labels.has(label)) return `label ${label} stands there twice`
    labels.set(
      label,
      text.slice(at + 1, end).replaceAll(/\\[\\"n]/g, (escape) => unescaped[escape] ?? escape),
    )
    if (labels.size > maxLabels) return `it has more than ${maxLabels} labels`
    at = skipBlanks(text, end + 1)
    if (text[at] === ',') at = skipBlanks(text, at + 1)
    else if (text[at] !== '}') return `something stands behind the value of label ${label}`
  }
  return labels
}

/** Where the closing quote stands; the length of the text when there is none. */
function endOfValue(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return Math.min(at, text.length)
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\t') at++
  return at
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

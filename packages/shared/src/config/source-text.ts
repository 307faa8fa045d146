/** Offsets into the text, in UTF-16 units; the end is not part of it. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Both count from 1; columns count UTF-16 units, as editors that open `file:line:column` do. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** The text of a configuration file, and where its lines begin. */
export interface SourceText {
  /** As the person named it. */
  readonly file: string
  readonly text: string
  readonly lineStarts: readonly number[]
}

export function createSourceText(file: string, text: string): SourceText {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { file, text, lineStarts }
}

export function positionOf(source: SourceText, offset: number): Position {
  let low = 0
  let high = source.lineStarts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((source.lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (source.lineStarts[low] ?? 0) + 1 }
}

/** The offsets of a line without its line break. */
export function lineSpan(source: SourceText, line: number): Span {
  const start = source.lineStarts[line - 1] ?? source.text.length
  let end = (source.lineStarts[line] ?? source.text.length + 1) - 1
  if (source.text[end - 1] === '\r') end--
  return { start, end: Math.max(start, end) }
}

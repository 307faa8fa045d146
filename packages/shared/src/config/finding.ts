import { formatPath, type ConfigPath } from './config-path.ts'
import type { Diagnostic, Excerpt } from './diagnostic.ts'
import { findAssignedSecret, hiddenText, hideLogins, isSecretLookingKey } from './secrets.ts'
import { lineSpan, positionOf, type SourceText, type Span } from './source-text.ts'

const maxExcerptLength = 110
/** Longer than any key that is written over several lines. */
const maxLinesUp = 500
/** Characters of a line to either side. */
const maxLookedAt = 1000

/** What is wrong, and where in the text. */
export interface Finding {
  readonly severity?: 'error' | 'warning'
  readonly span?: Span
  readonly path: ConfigPath
  readonly message: string
  readonly hint?: string | undefined
}

/**
 * A finding as a person reads it. `secretsIn` gives the parts of a line that must not be shown; when they are not known, because the
 * text could not be parsed, whatever follows a key that looks like a secret's is left out.
 */
export function toDiagnostic(source: SourceText, finding: Finding, secretsIn?: (line: Span) => Span[]): Diagnostic {
  const { span, hint, path, message, severity = 'error' } = finding
  const place = span === undefined ? {} : { ...positionOf(source, span.start), excerpt: excerptOf(source, span, secretsIn) }
  return { severity, file: source.file, ...place, path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) }
}

function excerptOf(source: SourceText, span: Span, secretsIn: ((line: Span) => Span[]) | undefined): Excerpt {
  const line = lineSpan(source, positionOf(source, span.start).line)
  const secrets = secretsIn === undefined ? guessSecrets(source, line) : secretsIn(line)
  // Of a line without end only what is near is looked at.
  const start = Math.max(line.start, span.start - maxLookedAt)
  const end = Math.min(line.end, span.start + maxLookedAt)
  const from = Math.min(span.start, end)
  const to = Math.min(Math.max(span.end, span.start + 1), end)
  const piece = (a: number, b: number) => cut(source, start, a, b, secrets)
  return shorten(piece(start, from), piece(from, to), piece(to, end))
}

/** A part of a line with its secrets replaced; one that an earlier part of the line already stands for is left out. */
function cut(source: SourceText, lineStart: number, start: number, end: number, secrets: readonly Span[]): string {
  let text = ''
  let at = start
  for (const secret of secrets) {
    if (secret.end <= at || secret.start >= end) continue
    const isContinued = start > lineStart && secret.start < start
    text += source.text.slice(at, Math.max(at, secret.start)) + (isContinued ? '' : hiddenText)
    at = Math.min(end, secret.end)
  }
  return hideLogins(text + source.text.slice(at, end))
}

function shorten(before: string, marked: string, after: string): Excerpt {
  const head = before.length > 60 ? `…${before.slice(-40)}` : before
  const middle = marked.length > 60 ? `${marked.slice(0, 59)}…` : marked
  const room = Math.max(0, maxExcerptLength - head.length - middle.length)
  const tail = after.length > room ? `${after.slice(0, Math.max(0, room - 1))}…` : after
  return { text: head + middle + tail, start: head.length, end: head.length + middle.length }
}

function guessSecrets(source: SourceText, line: Span): Span[] {
  const text = source.text.slice(line.start, line.end)
  if (isSecretLookingKey(keyOf(outerLine(source, line)))) return [line]
  const start = findAssignedSecret(text)
  return start === undefined ? [] : [{ start: line.start + start, end: line.end }]
}

/** The nearest line above that is indented less: the one that holds the key of a text of several lines. */
function outerLine(source: SourceText, line: Span): string {
  const indent = indentOf(source.text.slice(line.start, line.end))
  const own = positionOf(source, line.start).line
  for (let number = own - 1; indent > 0 && number >= Math.max(1, own - maxLinesUp); number--) {
    const above = lineSpan(source, number)
    const text = source.text.slice(above.start, above.end)
    if (text.trim() !== '' && indentOf(text) < indent) return text
  }
  return ''
}

function indentOf(text: string): number {
  return text.search(/\S|$/)
}

function keyOf(line: string): string {
  return /^\s*(?:- )?["']?([\p{L}\p{N}_.-]+)["']?\s*:/u.exec(line)?.[1] ?? ''
}

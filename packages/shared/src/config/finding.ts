import { formatPath, type ConfigPath } from './config-path.ts'
import type { Diagnostic, Excerpt } from './diagnostic.ts'
import { hiddenText, hideLogins, isSecretLookingKey } from './secrets.ts'
import { lineSpan, positionOf, type SourceText, type Span } from './source-text.ts'

const maxExcerptLength = 110

/** What is wrong, and where in the text. */
export interface Finding {
  readonly severity?: 'error' | 'warning'
  readonly span?: Span
  readonly path: ConfigPath
  readonly message: string
  readonly hint?: string | undefined
}

/**
 * A finding as a person reads it. `secrets` are the parts of the text that must not be shown; when they are not known, because the text
 * could not be parsed, whatever follows a key that looks like a secret's is left out.
 */
export function toDiagnostic(source: SourceText, finding: Finding, secrets?: readonly Span[]): Diagnostic {
  const { span, hint, path, message, severity = 'error' } = finding
  const place = span === undefined ? {} : { ...positionOf(source, span.start), excerpt: excerptOf(source, span, secrets) }
  return { severity, file: source.file, ...place, path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) }
}

function excerptOf(source: SourceText, span: Span, secrets: readonly Span[] | undefined): Excerpt {
  const line = lineSpan(source, positionOf(source, span.start).line)
  const hidden = (secrets ?? guessSecrets(source, line)).filter((secret) => secret.start < line.end && secret.end > line.start)
  const pieces = [
    cut(source, line.start, line.start, Math.min(span.start, line.end), hidden),
    cut(source, line.start, Math.min(span.start, line.end), Math.min(Math.max(span.end, span.start + 1), line.end), hidden),
    cut(source, line.start, Math.min(Math.max(span.end, span.start + 1), line.end), line.end, hidden),
  ] as const
  return shorten(...pieces)
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
  for (const match of text.matchAll(/([\p{L}\p{N}_.-]+)["']?\s*[:=]\s*/gu)) {
    const start = line.start + match.index + match[0].length
    if (isSecretLookingKey(match[1] ?? '') && start < line.end) return [{ start, end: line.end }]
  }
  return []
}

/** The nearest line above that is indented less: the one that holds the key of a text of several lines. */
function outerLine(source: SourceText, line: Span): string {
  const indent = indentOf(source.text.slice(line.start, line.end))
  for (let number = positionOf(source, line.start).line - 1; number >= 1; number--) {
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

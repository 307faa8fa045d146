import { isScalar, visit, type Document, type ErrorCode, type YAMLError } from 'yaml'
import type { Diagnostic } from './diagnostic.ts'
import { toDiagnostic } from './finding.ts'
import { lineSpan, positionOf, type SourceText, type Span } from './source-text.ts'

const maxErrors = 50
/** Errors at one place follow each other. */
const maxRelated = 5

/** Errors after which the rest of the file still means what it says, so that the search for mistakes goes on. */
const harmless: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_DIRECTIVE',
  'BAD_DQ_ESCAPE',
  'BAD_SCALAR_START',
  'MULTIPLE_ANCHORS',
  'MULTIPLE_DOCS',
  'NON_STRING_KEY',
  'TAG_RESOLVE_FAILED',
])

interface Words {
  readonly span: Span
  readonly message: string
  readonly hint?: string
}

/** The parser's errors in words that say what to do, one for each line: what follows in a broken line is mostly echo. */
export function translateYamlErrors(yaml: Document.Parsed, source: SourceText): { diagnostics: Diagnostic[]; isFatal: boolean } {
  const errors: YAMLError[] = [...yaml.errors, ...yaml.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
  const exhausted = errors.filter((error) => error.code === 'RESOURCE_EXHAUSTION').slice(0, 1)
  const seenLines = new Set<number>()
  const diagnostics: Diagnostic[] = []
  for (const [index, error] of (exhausted.length > 0 ? exhausted : errors).entries()) {
    if (diagnostics.length >= maxErrors) break
    if (index > 0 && isAfterTheEnd(error)) continue
    const words = wordsFor(error, errors.slice(index, index + maxRelated), yaml, source)
    const { line } = positionOf(source, words.span.start)
    if (seenLines.has(line)) continue
    seenLines.add(line)
    diagnostics.push(toDiagnostic(source, { ...words, path: [] }))
  }
  return { diagnostics, isFatal: errors.some((error) => !harmless.has(error.code)) }
}

/** Once the parser has lost the structure it complains about every token that is left. */
function isAfterTheEnd(error: YAMLError): boolean {
  return error.code === 'UNEXPECTED_TOKEN' && error.message.includes('in YAML stream')
}

/** Control characters stand in no configuration on purpose; editors do not show them. */
export function findControlCharacters(source: SourceText): Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  // C0 without tab, line feed and carriage return; DEL; C1 without NEL.
  for (const match of source.text.matchAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f]/g)) {
    if (diagnostics.length >= maxErrors) break
    const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const diagnostic = toDiagnostic(source, {
      span: { start: match.index, end: match.index + 1 },
      path: [],
      message: `a control character (U+${code}) stands here`,
      hint: 'delete it',
    })
    const { excerpt: _, ...rest } = diagnostic
    diagnostics.push(rest)
  }
  return diagnostics
}

function wordsFor(error: YAMLError, all: readonly YAMLError[], yaml: Document.Parsed, source: SourceText): Words {
  const span: Span = { start: error.pos[0], end: Math.max(error.pos[1], error.pos[0] + 1) }
  const line = lineSpan(source, positionOf(source, span.start).line)
  const lineText = source.text.slice(line.start, line.end)
  if (/[[{,].*[^"'$]?\$\{/.test(lineText) && error.code === 'UNEXPECTED_TOKEN') {
    return { span, message: '${…} inside [ ] or { } needs quotes', hint: 'write "${NAME}"' }
  }
  if (isEntryMisplaced(error, all))
    return {
      span,
      message: 'an entry ("- ") cannot begin here',
      hint: 'put the entries on lines of their own, below a key that has no other value',
    }
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { span, message: 'a tab is used to indent', hint: 'YAML indents with spaces only' }
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return nestedWords(error, all, source, span)
    case 'MISSING_CHAR':
      return missingWords(error, yaml, lineText, span)
    case 'BAD_INDENT':
      return indentWords(error, line.start + Math.max(0, lineText.search(/\S/)), span)
    case 'BAD_SCALAR_START':
      return { span, message: `a text cannot begin with ${error.message.at(-1) ?? 'this'}`, hint: 'put it in quotes' }
    case 'BAD_DQ_ESCAPE':
      return {
        span,
        message: `${error.message.replace('Invalid escape sequence ', '')} means nothing in double quotes`,
        hint: 'use single quotes, or write \\\\ for a backslash',
      }
    case 'MULTIPLE_DOCS':
      return {
        span: { start: span.start, end: span.start + 3 },
        message: 'a second document begins here; only one is read',
        hint: 'remove the --- line',
      }
    case 'NON_STRING_KEY':
      return { span, message: 'a key must be a plain text' }
    case 'TAG_RESOLVE_FAILED':
      return { span, message: 'tags (!name) are not supported', hint: 'write ${NAME} for a variable of the environment, "…" for a text' }
    case 'RESOURCE_EXHAUSTION':
      return { span, message: 'the file is nested too deeply to be read' }
    case 'UNEXPECTED_TOKEN':
      return unexpectedWords(error, span)
    default:
      return { span, message: `is not valid YAML: ${error.message}` }
  }
}

function isEntryMisplaced(error: YAMLError, all: readonly YAMLError[]): boolean {
  return all.some((other) => other.code === 'UNEXPECTED_TOKEN' && other.message.includes('block-seq-ind') && other.pos[0] === error.pos[0])
}

/** `a: b: c`, or a line that is indented below one that already has its value. */
function nestedWords(error: YAMLError, all: readonly YAMLError[], source: SourceText, span: Span): Words {
  const ownLine = positionOf(source, span.start).line
  const own = lineSpan(source, ownLine)
  const ownText = source.text.slice(own.start, own.end)
  if (span.start === own.start + ownText.search(/\S|$/)) return keyWords(ownText, { start: span.start, end: own.end })
  const spanned = all.find((other) => other.code === 'MULTILINE_IMPLICIT_KEY' && other.pos[0] === error.pos[0])
  const lastLine = spanned === undefined ? ownLine : positionOf(source, spanned.pos[1]).line
  if (lastLine > ownLine) {
    const next = lineSpan(source, lastLine)
    const indent = source.text.slice(next.start, next.end).search(/\S|$/)
    const message = `is indented as if it belonged to line ${lastLine - 1}, which already has a value`
    return { span: { start: next.start + indent, end: next.end }, message, hint: 'align it with the keys it belongs to' }
  }
  return {
    span,
    message: 'a second "key: value" stands in one line',
    hint: 'start a new line for it, or put the value in quotes when the colon belongs to it',
  }
}

function missingWords(error: YAMLError, yaml: Document.Parsed, lineText: string, span: Span): Words {
  if (error.message.includes('quote')) {
    const opening = openingQuote(yaml, error.pos[0])
    return { span: opening ?? span, message: 'this quote is never closed' }
  }
  return keyWords(lineText, span)
}

function keyWords(lineText: string, span: Span): Words {
  if (/^\s*[\p{L}\p{N}_-]+:\S/u.test(lineText)) return { span, message: 'there must be a space after the colon' }
  return { span, message: 'this is no "key: value"', hint: 'is a colon missing, or is the line indented wrongly?' }
}

function openingQuote(yaml: Document.Parsed, end: number): Span | undefined {
  let found: Span | undefined
  visit(yaml, {
    Scalar(_, node) {
      const range = node.range
      if (
        isScalar(node) &&
        node.type?.startsWith('QUOTE_') === true &&
        range !== null &&
        range !== undefined &&
        range[0] < end &&
        range[2] >= end
      ) {
        found = { start: range[0], end: range[0] + 1 }
      }
    },
  })
  return found
}

function indentWords(error: YAMLError, firstWord: number, span: Span): Words {
  if (error.message.startsWith('Flow')) {
    const bracket = error.message.at(-1) ?? ']'
    const what = bracket === ']' ? 'list that began with [' : 'mapping that began with {'
    return {
      span,
      message: `the ${what} is not closed before this`,
      hint: `add the missing ${bracket}, or indent this line if it belongs to it`,
    }
  }
  return {
    span: { start: firstWord, end: firstWord + 1 },
    message: 'the indentation fits nothing above',
    hint: 'align the line with the keys or entries it belongs to',
  }
}

function unexpectedWords(error: YAMLError, span: Span): Words {
  if (error.message.includes('scalar at node end'))
    return { span, message: 'this follows a value that has already ended', hint: 'put the whole value in quotes, or start a new line' }
  const token = /:\s"(.*)"$/s.exec(error.message)?.[1]
  return {
    span,
    message: token === undefined ? `is not valid YAML: ${error.message}` : 'is not expected here',
    hint: 'check quotes, brackets and indentation around it',
  }
}

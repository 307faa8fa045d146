import { Lexer } from 'yaml'
import type { Span } from './source-text.ts'

/** Far more than any configuration needs, and far less than what makes the parser slow. */
const maxOpen = 200

/** Marks that the lexer puts between the pieces of the text; they are not part of it. */
const marks: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f'])

/**
 * The place where brackets, or entries and keys in one line, are nested without reason. The parser's time grows with the square of the
 * depth: a megabyte of `[` would keep it busy for minutes.
 */
export function findRunawayNesting(text: string): Span | undefined {
  let offset = 0
  let brackets = 0
  let inLine = 0
  for (const token of new Lexer().lex(text)) {
    if (marks.has(token)) continue
    if (token === '[' || token === '{') brackets++
    else if (token === ']' || token === '}') brackets = Math.max(0, brackets - 1)
    else if (brackets === 0 && (token === '-' || token === '?' || token === ':')) inLine++
    else if (token.includes('\n')) inLine = 0
    if (brackets > maxOpen || inLine > maxOpen) return { start: offset, end: offset + 1 }
    offset += token.length
  }
  return undefined
}

/** Characters 0 to 255 and one that stands for all others. */
export type CharacterSet = readonly boolean[]

/** A regular expression of JavaScript as far as its cost is concerned: which groups keep what does not matter. */
export type PatternTree =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  /** `^`, `$` and `\b`: a step that reads nothing. */
  | { readonly kind: 'edge'; readonly sign: string }
  /** Look-ahead and look-behind: read nothing, and are never gone back into. */
  | { readonly kind: 'look'; readonly inner: PatternTree }
  | { readonly kind: 'reference' }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly PatternTree[] }
  | { readonly kind: 'repeat'; readonly at: number; readonly inner: PatternTree; readonly min: number; readonly max: number }

const beyondLatin1 = '\u{ac00}'
const alphabet = [...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)), beyondLatin1]
export const alphabetSize = alphabet.length

/** Takes a source apart that `new RegExp(source, flags)` has taken already. */
export function parsePattern(source: string, flags: string): PatternTree {
  return new PatternReader(source, flags).read()
}

class PatternReader {
  readonly #source: string
  readonly #flags: string
  #at = 0

  constructor(source: string, flags: string) {
    this.#source = source
    // Within (?i: ) and (?s: ) sets hold more; that they do so everywhere only makes the pattern dearer than it is.
    this.#flags = /\(\?[a-z]*-?[a-z]+:/.test(source) ? 'is' : flags.replaceAll(/[^is]/g, '')
  }

  read(): PatternTree {
    const parts: PatternTree[] = []
    let sequence: PatternTree[] = []
    for (;;) {
      const character = this.#source[this.#at]
      if (character === undefined || character === ')' || character === '|') {
        parts.push({ kind: 'all', parts: sequence })
        sequence = []
        if (character !== '|') return parts.length === 1 ? (parts[0] as PatternTree) : { kind: 'any', parts }
        this.#at++
        continue
      }
      const at = this.#at
      sequence.push(this.#repeated(at, character === '(' ? this.#group() : this.#atom()))
    }
  }

  #group(): PatternTree {
    const [opening] = /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[a-z]*(?:-[a-z]+)?:))?/.exec(this.#source.slice(this.#at)) ?? ['(']
    this.#at += opening.length
    const inner = this.read()
    this.#at++
    return /^\(\?<?[=!]$/.test(opening) ? { kind: 'look', inner } : inner
  }

  #atom(): PatternTree {
    const text = this.#atomText()
    this.#at += text.length
    if (text === '^' || text === '$' || /^\\[bB]$/.test(text)) return { kind: 'edge', sign: text }
    if (/^\\(?:[1-9]|k)/.test(text)) return { kind: 'reference' }
    const one = new RegExp(`^${text}$`, this.#flags)
    // What names a character beyond Latin-1 may mean any of them.
    const isBeyond = /[^\0-\u{ff}]|\\u|\\p|\\P/u.test(text)
    return { kind: 'set', set: alphabet.map((each, index) => (index === 256 && isBeyond) || one.test(each)) }
  }

  #atomText(): string {
    const source = this.#source
    const at = this.#at
    if (source[at] === '\\')
      return /^\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|k<[^>]*>|c[A-Za-z]|0[0-7]{0,2}|\d+|[^])?/.exec(source.slice(at, at + 300))?.[0] ?? '\\'
    if (source[at] !== '[') return source[at] as string
    let end = at + 1
    while (end < source.length && source[end] !== ']') end += source[end] === '\\' ? 2 : 1
    return source.slice(at, end + 1)
  }

  #repeated(at: number, inner: PatternTree): PatternTree {
    const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.#source.slice(this.#at, this.#at + 64))
    if (match === null) return inner
    const [whole, sign, least, comma, most] = match
    this.#at += whole.length
    const min = sign === '+' ? 1 : sign === undefined ? Number(least) : 0
    const max = sign === '?' ? 1 : sign !== undefined || most === '' ? Infinity : comma === undefined ? min : Number(most)
    return { kind: 'repeat', at, inner, min, max }
  }
}

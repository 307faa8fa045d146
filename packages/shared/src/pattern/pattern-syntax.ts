/** A regular expression taken apart. `set` is one character that is (or is not) within ranges of code points. */
export type PatternNode =
  | { readonly kind: 'set'; readonly ranges: readonly (readonly [from: number, to: number])[]; readonly isNegated: boolean }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'all' | 'any'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'group'; readonly index: number | null; readonly name: string | null; readonly node: PatternNode }
  | { readonly kind: 'repeat'; readonly node: PatternNode; readonly min: number; readonly max: number; readonly isGreedy: boolean }

export interface ParsedPattern {
  readonly node: PatternNode
  readonly groups: number
  readonly isCaseless: boolean
}

const maxRepeat = 100
const maxDepth = 20
const classes: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
}
const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' }

/** Parses what RE2 and Prometheus take, but for Unicode classes. Throws SyntaxError in words for a person. */
export class PatternSyntax {
  readonly #text: readonly string[]
  #at = 0
  #groups = 0
  #depth = 0

  private constructor(text: string) {
    this.#text = Array.from(text)
  }

  static parse(pattern: string): ParsedPattern {
    const isCaseless = pattern.startsWith('(?i)')
    const syntax = new PatternSyntax(isCaseless ? pattern.slice(4) : pattern)
    const node = syntax.#alternatives()
    if (syntax.#at < syntax.#text.length) throw new SyntaxError('a ) stands there without its (')
    return { node, groups: syntax.#groups, isCaseless }
  }

  #alternatives(): PatternNode {
    if (++this.#depth > maxDepth) throw new SyntaxError(`groups are nested deeper than ${maxDepth}`)
    const nodes = [this.#sequence()]
    while (this.#take('|')) nodes.push(this.#sequence())
    this.#depth--
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { kind: 'any', nodes }
  }

  #sequence(): PatternNode {
    const nodes: PatternNode[] = []
    for (let next = this.#text[this.#at]; next !== undefined && next !== '|' && next !== ')'; next = this.#text[this.#at]) {
      nodes.push(this.#repeated(this.#atom()))
    }
    return { kind: 'all', nodes }
  }

  #repeated(node: PatternNode): PatternNode {
    const bounds = this.#bounds()
    if (bounds === undefined) return node
    const isGreedy = !this.#take('?')
    if (this.#bounds() !== undefined) throw new SyntaxError('two repetitions stand behind each other')
    return { kind: 'repeat', node, min: bounds[0], max: bounds[1], isGreedy }
  }

  #bounds(): [min: number, max: number] | undefined {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    const match = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 12).join(''))
    if (match === null) return undefined
    this.#at += match[0].length
    const min = Number(match[1])
    const max = match[2] === undefined ? min : match[3] === undefined ? Infinity : Number(match[3])
    if (min > maxRepeat || (max !== Infinity && (max > maxRepeat || max < min)))
      throw new SyntaxError(`${match[0]} must be within 0 and ${maxRepeat}`)
    return [min, max]
  }

  #atom(): PatternNode {
    const char = this.#text[this.#at++] ?? ''
    if (char === '(') return this.#group()
    if (char === '[') return this.#class()
    if (char === '.') return { kind: 'set', ranges: [], isNegated: true }
    if (char === '^') return { kind: 'start' }
    if (char === '$') return { kind: 'end' }
    if (char === '*' || char === '+' || char === '?') throw new SyntaxError(`there is nothing before ${char} that could be repeated`)
    if (char === '\\') return this.#escape()
    return literal(char)
  }

  #group(): PatternNode {
    let index: number | null = null
    let name: string | null = null
    if (this.#take('?')) {
      const named = /^P?<([A-Za-z_][A-Za-z0-9_]{0,31})>/.exec(this.#text.slice(this.#at, this.#at + 40).join(''))
      if (named !== null) {
        this.#at += named[0].length
        name = named[1] ?? null
      } else if (!this.#take(':'))
        throw new SyntaxError('only (…), (?:…) and (?P<name>…) are groups here: no look-around, no flags but a leading (?i)')
      if (name !== null) index = ++this.#groups
    } else index = ++this.#groups
    const node = this.#alternatives()
    if (!this.#take(')')) throw new SyntaxError('a ( is not closed')
    return { kind: 'group', index, name, node }
  }

  #class(): PatternNode {
    const isNegated = this.#take('^')
    const ranges: (readonly [number, number])[] = []
    for (let isFirst = true; isFirst || this.#text[this.#at] !== ']'; isFirst = false) {
      const from = this.#classMember()
      if (typeof from !== 'number') ranges.push(...from)
      else if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']' && this.#text[this.#at + 1] !== undefined) {
        this.#at++
        const to = this.#classMember()
        if (typeof to !== 'number' || to < from) throw new SyntaxError('a range such as a-z runs from the lower to the higher character')
        ranges.push([from, to])
      } else ranges.push([from, from])
    }
    this.#at++
    return { kind: 'set', ranges, isNegated }
  }

  #classMember(): number | readonly (readonly [number, number])[] {
    const char = this.#text[this.#at++]
    if (char === undefined) throw new SyntaxError('a [ is not closed')
    if (char !== '\\') return char.codePointAt(0) ?? 0
    const escape = this.#escape()
    if (escape.kind !== 'set' || escape.isNegated) throw new SyntaxError('within [ ] only \\d, \\w, \\s and escaped characters can stand')
    const [only, ...more] = escape.ranges
    return only !== undefined && more.length === 0 && only[0] === only[1] ? only[0] : escape.ranges
  }

  #escape(): PatternNode {
    const char = this.#text[this.#at++]
    if (char === undefined) throw new SyntaxError('a \\ stands at the end')
    const ranges = classes[char.toLowerCase()]
    if (ranges !== undefined) return { kind: 'set', ranges, isNegated: char !== char.toLowerCase() }
    const control = controls[char]
    if (control !== undefined) return literal(control)
    if (/[A-Za-z0-9]/.test(char)) throw new SyntaxError(`\\${char} is not known here; no back-references and no \\b`)
    return literal(char)
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }
}

function literal(char: string): PatternNode {
  const code = char.codePointAt(0) ?? 0
  return { kind: 'set', ranges: [[code, code]], isNegated: false }
}

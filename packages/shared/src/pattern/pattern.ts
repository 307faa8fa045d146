import { PatternSyntax, type PatternNode } from './pattern-syntax.ts'

type Instruction =
  | { op: 'set'; has(code: number): boolean }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'start' }
  | { op: 'end' }
  | { op: 'match' }

interface Thread {
  readonly at: number
  readonly saved: readonly number[]
}

const maxInstructions = 1000
/** Repetitions of nothing make no instructions, but take time to unfold. */
const maxSteps = 10_000
/** Label values beyond the bound of the contract are cut before they get here. */
const maxTextLength = 4096

/**
 * A regular expression whose cost is at most its size times the length of the text: expressions come from the configuration and texts from
 * an application, and one of the two must not be able to stop a service. Matches whole texts, as Prometheus' relabelling does.
 */
export class Pattern {
  readonly #program: Instruction[] = []
  readonly #groups: number
  readonly #names = new Map<string, number>()
  readonly #isCaseless: boolean
  #steps = 0

  /** Throws SyntaxError. */
  constructor(source: string) {
    const { node, groups, isCaseless } = PatternSyntax.parse(source)
    this.#groups = groups
    this.#isCaseless = isCaseless
    this.#compile(node)
    this.#emit({ op: 'match' })
  }

  /** The text and its groups, or undefined when the whole of the text does not match. */
  match(text: string): PatternMatch | undefined {
    const codes = Array.from(text.slice(0, maxTextLength), (char) => char.codePointAt(0) ?? 0)
    let threads: Thread[] = []
    this.#follow(threads, new Set(), 0, [], 0, codes.length)
    for (const [index, code] of codes.entries()) {
      const next: Thread[] = []
      const seen = new Set<number>()
      for (const { at, saved } of threads) {
        const instruction = this.#program[at]
        if (instruction?.op === 'set' && instruction.has(code)) this.#follow(next, seen, at + 1, saved, index + 1, codes.length)
      }
      if (next.length === 0) return undefined
      threads = next
    }
    const found = threads.find(({ at }) => this.#program[at]?.op === 'match')
    return found === undefined ? undefined : this.#result(codes, found.saved)
  }

  /** Adds every thread that this one becomes without reading a character, the preferred one first. */
  #follow(threads: Thread[], seen: Set<number>, from: number, saved: readonly number[], index: number, length: number): void {
    const stack: Thread[] = [{ at: from, saved }]
    for (let thread = stack.pop(); thread !== undefined; thread = stack.pop()) {
      const { at } = thread
      const instruction = this.#program[at]
      if (instruction === undefined || seen.has(at)) continue
      seen.add(at)
      if (instruction.op === 'jump') stack.push({ at: instruction.to, saved: thread.saved })
      else if (instruction.op === 'split') {
        stack.push({ at: instruction.second, saved: thread.saved }, { at: instruction.first, saved: thread.saved })
      } else if (instruction.op === 'save') {
        const copy = [...thread.saved]
        copy[instruction.slot] = index
        stack.push({ at: at + 1, saved: copy })
      } else if (instruction.op === 'start' || instruction.op === 'end') {
        if (index === (instruction.op === 'start' ? 0 : length)) stack.push({ at: at + 1, saved: thread.saved })
      } else threads.push(thread)
    }
  }

  #compile(node: PatternNode): void {
    if (++this.#steps > maxSteps) throw new SyntaxError('it is too large; repeat less')
    switch (node.kind) {
      case 'set':
        this.#emit({ op: 'set', has: membership(node.ranges, node.isNegated, this.#isCaseless) })
        return
      case 'start':
      case 'end':
        this.#emit({ op: node.kind })
        return
      case 'all':
        for (const each of node.nodes) this.#compile(each)
        return
      case 'group':
        if (node.index === null) return this.#compile(node.node)
        if (node.name !== null) this.#names.set(node.name, node.index)
        this.#emit({ op: 'save', slot: node.index * 2 })
        this.#compile(node.node)
        this.#emit({ op: 'save', slot: node.index * 2 + 1 })
        return
      case 'any':
        this.#compileAny(node.nodes)
        return
      case 'repeat':
        this.#compileRepeat(node)
    }
  }

  #compileAny(nodes: readonly PatternNode[]): void {
    const ends: { op: 'jump'; to: number }[] = []
    for (const [index, node] of nodes.entries()) {
      const isLast = index === nodes.length - 1
      const split = { op: 'split' as const, first: this.#program.length + 1, second: 0 }
      if (!isLast) this.#emit(split)
      this.#compile(node)
      if (!isLast) {
        const jump = { op: 'jump' as const, to: 0 }
        ends.push(jump)
        this.#emit(jump)
        split.second = this.#program.length
      }
    }
    for (const jump of ends) jump.to = this.#program.length
  }

  #compileRepeat({ node, min, max, isGreedy }: Extract<PatternNode, { kind: 'repeat' }>): void {
    for (let times = 0; times < min; times++) this.#compile(node)
    const again = (end: number, body: number) => (isGreedy ? { first: body, second: end } : { first: end, second: body })
    if (max === Infinity) {
      const start = this.#program.length
      const split = { op: 'split' as const, first: 0, second: 0 }
      this.#emit(split)
      this.#compile(node)
      this.#emit({ op: 'jump', to: start })
      Object.assign(split, again(this.#program.length, start + 1))
      return
    }
    const splits: { at: number; split: { op: 'split'; first: number; second: number } }[] = []
    for (let times = min; times < max; times++) {
      const split = { op: 'split' as const, first: 0, second: 0 }
      splits.push({ at: this.#program.length, split })
      this.#emit(split)
      this.#compile(node)
    }
    for (const { at, split } of splits) Object.assign(split, again(this.#program.length, at + 1))
  }

  #emit(instruction: Instruction): void {
    if (this.#program.length >= maxInstructions) throw new SyntaxError('it is too large; repeat less')
    this.#program.push(instruction)
  }

  #result(codes: readonly number[], saved: readonly number[]): PatternMatch {
    const slice = (from: number, to: number): string =>
      codes
        .slice(from, to)
        .map((code) => String.fromCodePoint(code))
        .join('')
    const groups = [slice(0, codes.length)]
    for (let index = 1; index <= this.#groups; index++) {
      const [from, to] = [saved[index * 2], saved[index * 2 + 1]]
      groups.push(from === undefined || to === undefined ? '' : slice(from, to))
    }
    return { groups, names: this.#names }
  }
}

export interface PatternMatch {
  /** The whole text, then each group; empty for one that took no part. */
  readonly groups: readonly string[]
  readonly names: ReadonlyMap<string, number>
}

/** `$1`, `${1}` and `${name}` of a replacement filled in; `$$` is a dollar. */
export function expandReplacement(replacement: string, { groups, names }: PatternMatch): string {
  return replacement.replaceAll(
    /\$(?:\$|(\d{1,2})|([A-Za-z_]\w{0,31})|\{(\w{1,32})\})/g,
    (whole, digits?: string, word?: string, braced?: string) => {
      const key = digits ?? word ?? braced
      if (key === undefined) return whole === '$$' ? '$' : whole
      return groups[/^\d+$/.test(key) ? Number(key) : (names.get(key) ?? groups.length)] ?? ''
    },
  )
}

function membership(
  ranges: readonly (readonly [from: number, to: number])[],
  isNegated: boolean,
  isCaseless: boolean,
): (code: number) => boolean {
  const within = (code: number): boolean => ranges.some(([from, to]) => code >= from && code <= to)
  if (!isCaseless) return (code) => within(code) !== isNegated
  return (code) => {
    const char = String.fromCodePoint(code)
    const [lower, upper] = [char.toLowerCase().codePointAt(0) ?? code, char.toUpperCase().codePointAt(0) ?? code]
    return (within(code) || within(lower) || within(upper)) !== isNegated
  }
}

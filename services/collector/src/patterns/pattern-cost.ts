import { alphabetSize, parsePattern, type CharacterSet, type PatternTree } from './pattern-tree.ts'

/** Why a pattern may take for ever, and where. */
export interface PatternRisk {
  readonly reason: string
  /** Index of the character in the pattern. */
  readonly at: number
}

/** Ways through one repeat of something that can itself match in several ways: they multiply with each round. */
const maxNestedWays = 10_000
const noCharacter: CharacterSet = Array.from({ length: alphabetSize }, () => false)
const anyCharacter: CharacterSet = Array.from({ length: alphabetSize }, () => true)

/** What it takes to go through a part, tried from one place of a text. */
interface Effort {
  /** In how many ways it can be left: what follows is tried so many times. */
  readonly ways: number
  /** Steps of all those ways together. */
  readonly steps: number
}

/**
 * How many steps a matcher that goes back on every wrong turn, as V8's does, takes at the most. It takes a wrong turn only where the next
 * character does not tell which way to go: where a repeat can go on and end, or two alternatives can begin, with the same character. Such
 * places multiply; everywhere else a wrong way ends at once. What the sum leaves out is always on the dear side.
 */
export class PatternCost {
  readonly #tree: PatternTree
  readonly #isAnchored: boolean
  /** `$` stands at the end only, not at each line's. */
  readonly #hasOneEnd: boolean
  #risk: PatternRisk | undefined
  #lastChoice = 0
  /** Within what looks around. */
  #isBlind = false

  /** The source must be one that `new RegExp(source, flags)` takes. Anchored: it is tried at the start of the text only. */
  constructor(source: string, flags: string, isAnchored: boolean) {
    this.#tree = parsePattern(source, flags)
    this.#isAnchored = isAnchored
    this.#hasOneEnd = !flags.includes('m')
  }

  /** On a text of so many characters; Infinity when nothing that would help bounds it. */
  steps(length: number): number {
    const perStart = this.#effortFrom(length)
    return this.#isAnchored ? perStart : perStart * (length + 1)
  }

  /** What makes it endless, or only very slow on a text of so many characters. */
  risk(length: number, maxSteps: number): PatternRisk | undefined {
    this.#risk = undefined
    this.#lastChoice = 0
    const steps = this.steps(length)
    if (this.#risk !== undefined) return this.#risk
    return steps > maxSteps ? { reason: 'too many repeats that can match the same text', at: this.#lastChoice } : undefined
  }

  /** What can neither fail nor be left too early ends the search, however it is come to: its steps are taken once. */
  #effortFrom(length: number): number {
    const parts = flatten(this.#tree)
    let kept = parts.length
    if (this.#hasOneEnd && isEnd(parts[kept - 1]) && isRest(parts[kept - 2], anyCharacter)) kept -= 2
    else if (isRest(parts[kept - 1], undefined)) kept -= 1
    return this.#effort({ kind: 'all', parts: parts.slice(0, kept) }, noCharacter, length).steps + length
  }

  #effort(tree: PatternTree, follow: CharacterSet, length: number): Effort {
    switch (tree.kind) {
      case 'set':
      case 'edge':
        return { ways: 1, steps: 1 }
      case 'reference':
        this.#risk ??= { reason: 'a back reference', at: 0 }
        return { ways: 1, steps: Infinity }
      case 'look':
        return this.#look(tree.inner, length)
      case 'all':
        return this.#sequence(tree.parts, follow, length)
      case 'any':
        return this.#alternatives(tree.parts, follow, length)
      case 'repeat':
        return this.#repeat(tree, follow, length)
    }
  }

  /** It may read backwards, so the next character tells nothing: every turn counts as one that may be wrong. */
  #look(inner: PatternTree, length: number): Effort {
    const wasBlind = this.#isBlind
    this.#isBlind = true
    const { steps } = this.#effort(inner, anyCharacter, length)
    this.#isBlind = wasBlind
    return { ways: 1, steps }
  }

  #sequence(parts: readonly PatternTree[], follow: CharacterSet, length: number): Effort {
    const efforts: Effort[] = []
    let next = follow
    for (const part of parts.toReversed()) {
      efforts.unshift(this.#effort(part, next, length))
      if (!this.#isBlind) next = isNullable(part) ? union(firstOf(part), next) : firstOf(part)
    }
    return efforts.reduce((before, each) => ({ ways: before.ways * each.ways, steps: before.steps + before.ways * each.steps }), {
      ways: 1,
      steps: 0,
    })
  }

  #alternatives(parts: readonly PatternTree[], follow: CharacterSet, length: number): Effort {
    const efforts = parts.map((part) => this.#effort(part, follow, length))
    const begins = parts.map((part) => (this.#isBlind ? anyCharacter : isNullable(part) ? union(firstOf(part), follow) : firstOf(part)))
    const waysBy = anyCharacter.map((_, character) => efforts.reduce((sum, { ways }, at) => sum + (begins[at]?.[character] ? ways : 0), 0))
    return { ways: Math.max(1, ...waysBy), steps: efforts.reduce((sum, { steps }) => sum + steps, 0) }
  }

  #repeat(tree: Extract<PatternTree, { kind: 'repeat' }>, follow: CharacterSet, length: number): Effort {
    const { inner, at, min } = tree
    const begins = firstOf(inner)
    const once = this.#effort(inner, tree.max > 1 ? union(begins, follow) : follow, length)
    if (tree.max === 0) return { ways: 1, steps: 1 }
    const isChoice = tree.max !== min && (isNullable(inner) || intersects(begins, follow))
    // A round reads at least one character, but for one that can read nothing, which is repeated as often as it must be.
    const rounds = Math.min(tree.max, isNullable(inner) ? Math.max(min, length) + 1 : length + 1)
    if (once.ways > 1 && rounds > 1) {
      const ways = once.ways ** rounds * (isChoice ? 2 : 1)
      if (!(ways <= maxNestedWays)) {
        this.#risk ??= { reason: inner.kind === 'any' ? 'alternatives within a repeat' : 'a repeat within a repeat', at }
        return { ways: Infinity, steps: Infinity }
      }
      return { ways, steps: ways * once.steps * rounds }
    }
    const exits = isChoice ? Math.max(1, Math.min(rounds, tree.max - min + 1)) * once.ways + (rounds === 1 ? 1 : 0) : once.ways
    if (isChoice) this.#lastChoice = Math.max(this.#lastChoice, at)
    const all = rounds * (once.steps + 1)
    // One way only: all rounds together read the text once.
    const isOneWay = once.ways === 1 && all !== Infinity && !isNullable(inner) && !hasLook(inner)
    return { ways: exits, steps: isOneWay ? Math.min(all, sizeOf(inner) * (length + 1)) : all }
  }
}

function flatten(tree: PatternTree): readonly PatternTree[] {
  return tree.kind === 'all' ? tree.parts.flatMap(flatten) : [tree]
}

function isEnd(tree: PatternTree | undefined): boolean {
  return tree?.kind === 'edge' && tree.sign === '$'
}

/** `.*` and its like at the end, of the characters that are asked for. */
function isRest(tree: PatternTree | undefined, wanted: CharacterSet | undefined): boolean {
  if (tree?.kind !== 'repeat' || tree.min !== 0 || tree.max !== Infinity) return false
  const { inner } = tree
  const [only] = flatten(inner)
  if (flatten(inner).length !== 1 || only?.kind !== 'set') return false
  return wanted === undefined || only.set.every(Boolean)
}

const firsts = new WeakMap<PatternTree, CharacterSet>()

/** The characters it can begin with. What looks around is tried at any. */
function firstOf(tree: PatternTree): CharacterSet {
  const known = firsts.get(tree) ?? findFirst(tree)
  firsts.set(tree, known)
  return known
}

function findFirst(tree: PatternTree): CharacterSet {
  switch (tree.kind) {
    case 'set':
      return tree.set
    case 'edge':
      return noCharacter
    case 'look':
    case 'reference':
      return anyCharacter
    case 'repeat':
      return tree.max === 0 ? noCharacter : firstOf(tree.inner)
    case 'any':
      return tree.parts.map(firstOf).reduce(union, noCharacter)
    case 'all': {
      let first = noCharacter
      for (const part of tree.parts) {
        first = union(first, firstOf(part))
        if (!isNullable(part)) break
      }
      return first
    }
  }
}

function isNullable(tree: PatternTree): boolean {
  if (tree.kind === 'set') return false
  if (tree.kind === 'repeat') return tree.min === 0 || isNullable(tree.inner)
  if (tree.kind === 'any') return tree.parts.some(isNullable)
  return tree.kind !== 'all' || tree.parts.every(isNullable)
}

function hasLook(tree: PatternTree): boolean {
  if (tree.kind === 'look') return true
  if (tree.kind === 'repeat') return hasLook(tree.inner)
  return (tree.kind === 'all' || tree.kind === 'any') && tree.parts.some(hasLook)
}

function sizeOf(tree: PatternTree): number {
  if (tree.kind === 'repeat') return 1 + sizeOf(tree.inner) * (isNullable(tree.inner) ? Math.max(1, tree.min) : 1)
  if (tree.kind === 'look') return 1 + sizeOf(tree.inner)
  if (tree.kind === 'all' || tree.kind === 'any') return tree.parts.reduce((sum, part) => sum + sizeOf(part), 1)
  return 1
}

function union(one: CharacterSet, other: CharacterSet): CharacterSet {
  return one.map((isIn, index) => isIn || other[index] === true)
}

function intersects(one: CharacterSet, other: CharacterSet): boolean {
  return one.some((isIn, index) => isIn && other[index] === true)
}

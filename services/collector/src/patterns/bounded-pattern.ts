import { PatternCost } from './pattern-cost.ts'
import { patienceMs, withinPatience } from './timed-match.ts'

/** Steps that need no watch: some 20 ms at the worst. */
const freeSteps = 2 ** 23
const longestFree = 2 ** 22
/** A pattern that was too slow rests, so that it takes a thousandth of the processor at the most. */
const restMs = 1000 * patienceMs

export interface BoundedPatternOptions {
  /** As of RegExp. */
  readonly flags?: string
  /** It is tried at the start of a text only. */
  readonly isAnchored?: boolean
  /** Of a clock that never goes back. */
  readonly nowMs?: () => number
}

/**
 * A regular expression of the configuration, for texts that somebody else wrote. What it can cost on a text is known before: what is cheap
 * is matched as it is, everything else within a time limit, and after it was too slow once it is `slow` for such texts without a try for a while.
 */
export class BoundedPattern {
  readonly #regex: RegExp
  /** Up to this length of a text it needs no watch. */
  readonly #freeLength: number
  readonly #nowMs: () => number
  #restsUntilMs = Number.NEGATIVE_INFINITY

  /** Throws SyntaxError. */
  constructor(source: string, { flags = '', isAnchored = false, nowMs = () => performance.now() }: BoundedPatternOptions = {}) {
    this.#nowMs = nowMs
    this.#regex = new RegExp(isAnchored ? `^(?:${source})` : source, `${flags}g`)
    this.#freeLength = freeLengthOf(new PatternCost(source, flags, isAnchored))
  }

  /** Whether it is there, or `slow`. */
  test(text: string): boolean | 'slow' {
    const found = this.exec(text)
    return found === 'slow' ? found : found !== null
  }

  /** The first match, or `slow` when it would take too long to look for it. */
  exec(text: string): RegExpExecArray | null | 'slow' {
    return this.#bounded(text, () => {
      this.#regex.lastIndex = 0
      return this.#regex.exec(text)
    })
  }

  /** Where its matches begin and end, or `slow`. */
  places(text: string): readonly (readonly [from: number, to: number])[] | 'slow' {
    return this.#bounded(text, () => Array.from(text.matchAll(this.#regex), (match) => [match.index, match.index + match[0].length]))
  }

  #bounded<T>(text: string, work: () => T): T | 'slow' {
    if (text.length <= this.#freeLength) return work()
    if (this.#nowMs() < this.#restsUntilMs) return 'slow'
    const answer = withinPatience(work)
    if (answer !== undefined) return answer.value
    this.#restsUntilMs = this.#nowMs() + restMs
    return 'slow'
  }
}

function freeLengthOf(cost: PatternCost): number {
  let [free, dear] = [0, longestFree]
  while (dear - free > free / 8 + 1) {
    const middle = free === 0 ? Math.ceil(Math.sqrt(dear)) : Math.ceil((free + dear) / 2)
    if (cost.steps(middle) <= freeSteps) free = middle
    else if (middle === dear) break
    else dear = middle
  }
  return free
}

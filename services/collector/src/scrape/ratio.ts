import { exclusion } from '../globs/exclusion.ts'
import type { Item } from '../sources/source.ts'
import { computedNumber } from './item-numbers.ts'
import type { Slot } from './slot.ts'

export interface RatioPart {
  readonly metric: string
  /** Patterns per label; a leading ! excludes. */
  readonly match: Readonly<Record<string, readonly string[]>>
}

export interface RatioConfig {
  readonly numerator: RatioPart
  readonly denominator: RatioPart
}

/**
 * One amount divided by another over the interval, such as the answers with an error by all answers. Null while nothing can be compared, or
 * when there is nothing to divide by: no requests are no error rate of 0.
 */
export class Ratio {
  readonly #name: string
  readonly #numerator: (slot: Slot) => boolean
  readonly #denominator: (slot: Slot) => boolean

  constructor(name: string, { numerator, denominator }: RatioConfig) {
    this.#name = name
    this.#numerator = matcher(numerator)
    this.#denominator = matcher(denominator)
  }

  toItem(slots: Iterable<Slot>, instance: string | undefined): Item {
    let above: number | null = null
    let below: number | null = null
    for (const slot of slots) {
      const { amount } = slot
      if (amount === null) continue
      if (this.#numerator(slot)) above = (above ?? 0) + amount
      if (this.#denominator(slot)) below = (below ?? 0) + amount
    }
    // A counter of errors often appears with its first error; until then there are none.
    const value = below === null || below <= 0 ? null : computedNumber((above ?? 0) / below)
    return { metric: this.#name, ...(instance === undefined ? {} : { instance }), value }
  }
}

function matcher({ metric, match }: RatioPart): (slot: Slot) => boolean {
  const tests = Object.entries(match).map(([label, patterns]) => ({ label, test: anyOf(patterns) }))
  return (slot) => slot.metric === metric && tests.every(({ label, test }) => test(slot.labels.get(label) ?? ''))
}

/** Any of the patterns, and none of those with a leading !; when all have one, the rest. */
function anyOf(patterns: readonly string[]): (text: string) => boolean {
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'))
  const isWanted = exclusion(wanted)
  const isRefused = exclusion(patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1)))
  return (text) => (wanted.length === 0 || isWanted(text)) && !isRefused(text)
}

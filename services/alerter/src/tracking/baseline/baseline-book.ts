import type { Host } from '@nightshift/shared/subjects'
import { quantityText } from '../../alert/quantity-text.ts'
import type { BaselineTerms, MetricRule } from '../../rules/rule.ts'
import type { Standings } from '../../rules/standing.ts'
import { Baseline } from './baseline.ts'
import { hourOfWeekIn } from './hour-of-week.ts'

const maxSeries = 20_000

interface Judging {
  readonly rule: MetricRule
  readonly terms: BaselineTerms
  readonly host: Host
  readonly key: string
  readonly atMs: number
}

/** The baselines of a rule on a host, by the labels of the series. */
export interface KnownBaselines {
  readonly rule: string
  /** What the rule reads: what is usual for one metric says nothing about another. */
  readonly recipe: string
  readonly host: Host
  readonly series: Map<string, Baseline>
}

/** What is usual, for every series that a rule compares with its past. Bounded: what does not fit is counted, and is not judged. */
export class BaselineBook {
  readonly #known = new Map<string, KnownBaselines>()
  readonly #changed = new Set<KnownBaselines>()
  readonly #clocks = new Map<string, (epochMs: number) => number>()
  #size = 0
  overflowTotal = 0

  /** Learns from a value, and says where it stands against what is usual; undefined while that is not known. */
  judge({ rule, terms, host, key, atMs }: Judging, value: number): { standings: Standings; detail: string } | undefined {
    const known = this.#of(rule, host)
    let baseline = known.series.get(key)
    if (baseline === undefined) {
      if (this.#size >= maxSeries) {
        this.overflowTotal++
        return undefined
      }
      baseline = new Baseline()
      known.series.set(key, baseline)
      this.#size++
    }
    const hour = this.#clock(terms.zone)(atMs)
    if (baseline.learn(hour, atMs, value, terms.weeks)) this.#changed.add(known)
    const usual = baseline.usual(hour, terms.weeks)
    if (usual === undefined) return undefined
    return { standings: standingsAgainst(rule, terms, value, usual), detail: `usually ${quantityText(rule.unit, usual)}` }
  }

  /** Takes up what was stored. */
  restore(known: KnownBaselines): void {
    this.#known.set(bookKey(known.rule, known.host), known)
    this.#size += known.series.size
  }

  /** What has changed since it was asked for last, at most so many. */
  takeChanged(most: number): KnownBaselines[] {
    const taken = [...this.#changed.values().take(most)]
    for (const known of taken) this.#changed.delete(known)
    return taken
  }

  /** A rule that is gone, or a host: what to forget. */
  forget(isGone: (known: KnownBaselines) => boolean): KnownBaselines[] {
    const gone = [...this.#known.values()].filter(isGone)
    for (const known of gone) {
      this.#known.delete(bookKey(known.rule, known.host))
      this.#changed.delete(known)
      this.#size -= known.series.size
    }
    return gone
  }

  #of(rule: MetricRule, host: Host): KnownBaselines {
    const key = bookKey(rule.name, host)
    let known = this.#known.get(key)
    if (known === undefined || known.recipe !== rule.recipe) {
      this.#size -= known?.series.size ?? 0
      known = { rule: rule.name, recipe: rule.recipe, host, series: new Map() }
      this.#known.set(key, known)
    }
    return known
  }

  #clock(zone: string): (epochMs: number) => number {
    let clock = this.#clocks.get(zone)
    if (clock === undefined) this.#clocks.set(zone, (clock = hourOfWeekIn(zone)))
    return clock
  }
}

/** Levels are factors: how many times as much as usual, or as little. */
function standingsAgainst(rule: MetricRule, { side, atLeast }: BaselineTerms, value: number, usual: number): Standings {
  const difference = value - usual
  const isMeant = side === 'both' || (side === 'above') === difference > 0
  const isFar = isMeant && difference !== 0 && Math.abs(difference) >= atLeast
  const [less, more] = difference > 0 ? [usual, value] : [value, usual]
  const standings: Standings = {}
  for (const { severity, threshold } of rule.levels) standings[severity] = isFar && more > threshold * less ? 'over' : 'clear'
  return standings
}

function bookKey(rule: string, host: Host): string {
  return `${rule}\u0000${host ?? ''}`
}

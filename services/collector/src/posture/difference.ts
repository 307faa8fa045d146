import type { Facts } from './look.ts'

export type Change = 'added' | 'removed' | 'changed'

/** One thing that is not what it was at the last look. */
export interface Difference {
  readonly change: Change
  /** What a person calls the thing. */
  readonly item: string
  readonly before: string | null
  readonly after: string | null
}

export interface Comparison {
  differences: Difference[]
  /** What the next look is compared with. */
  parts: Map<string, Facts>
}

export interface CompareOptions {
  /** A part that was not there before is news; otherwise it is merely looked at for the first time. */
  readonly newPartsAreNews: boolean
  /** Things whose differences are taken over and not told. */
  isIgnored(item: string): boolean
}

/** Stands for a part that was there and could not be read yet: once it can, that is its first look and no news. */
const neverReadItem = ''
const neverRead: Facts = new Map([[neverReadItem, { text: null }]])

/**
 * What changed between two looks. Without an earlier one nothing did. A part that could not be read keeps what was known of it; one that
 * is no longer looked at is forgotten.
 */
export function compare(
  before: ReadonlyMap<string, Facts> | undefined,
  after: ReadonlyMap<string, Facts | null>,
  options: CompareOptions,
): Comparison {
  const comparison: Comparison = { differences: [], parts: new Map() }
  for (const [part, facts] of after) {
    if (facts === null) {
      comparison.parts.set(part, before?.get(part) ?? neverRead)
      continue
    }
    const known = knownOf(part, before, options)
    comparison.parts.set(part, known === undefined ? facts : withKnownTexts(known, facts))
    if (known === undefined) continue
    comparison.differences.push(...differencesOf(known, facts).filter(({ item }) => !options.isIgnored(item)))
  }
  return comparison
}

/** Undefined when this is the first look at the part. */
function knownOf(part: string, before: ReadonlyMap<string, Facts> | undefined, { newPartsAreNews }: CompareOptions): Facts | undefined {
  const known = before?.get(part)
  if (known !== undefined) return known.has(neverReadItem) ? undefined : known
  return before !== undefined && newPartsAreNews ? new Map() : undefined
}

function differencesOf(before: Facts, after: Facts): Difference[] {
  const differences: Difference[] = []
  for (const [item, fact] of after) {
    const known = before.get(item)
    if (known === undefined) differences.push({ change: 'added', item, before: null, after: fact.text })
    else if (known.text !== null && fact.text !== null && (known.text !== fact.text || known.digest !== fact.digest))
      differences.push({ change: 'changed', item, before: known.text, after: fact.text })
  }
  for (const [item, fact] of before) if (!after.has(item)) differences.push({ change: 'removed', item, before: fact.text, after: null })
  return differences
}

/** What cannot be told this time stays what it was. */
function withKnownTexts(before: Facts, after: Facts): Facts {
  return new Map([...after].map(([item, fact]) => [item, fact.text === null ? (before.get(item) ?? fact) : fact]))
}

/** `account eve is new: uid 0, …` */
export function differenceText({ change, item, before, after }: Difference): string {
  if (change === 'added') return `${item} is new${after === null ? '' : `: ${after}`}`
  if (change === 'removed') return `${item} is gone${before === null ? '' : `; it was: ${before}`}`
  return before === after ? `${item} has other content: ${after}` : `${item} changed from: ${before}; to: ${after}`
}

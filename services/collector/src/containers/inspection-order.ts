/** What is remembered of a container that was asked about. */
export interface Inspected {
  /** What the list said when it was asked about, and the number of its control group. */
  readonly sign: string
  readonly atMs: number
}

/** Requests per round: each costs the runtime about a millisecond. */
const maxInspections = 16
/** A container of which nothing seemed to change is asked about this often. */
const staleAfterMs = 60_000

/**
 * Which containers to ask about one by one now: those never asked about, then those whose state or control group changed, then those that
 * were not asked about for a minute, the longest first.
 */
export function chooseInspections(
  signs: ReadonlyMap<string, string>,
  inspected: ReadonlyMap<string, Inspected>,
  nowMs: number,
  limit: number = maxInspections,
): string[] {
  const urgency = (id: string): number => {
    const known = inspected.get(id)
    if (known === undefined) return Number.POSITIVE_INFINITY
    if (known.sign !== signs.get(id)) return Number.MAX_VALUE
    return nowMs - known.atMs
  }
  return [...signs.keys()]
    .map((id) => ({ id, urgency: urgency(id) }))
    .filter((each) => each.urgency >= staleAfterMs)
    .toSorted((a, b) => (a.urgency === b.urgency ? 0 : b.urgency > a.urgency ? 1 : -1))
    .slice(0, limit)
    .map(({ id }) => id)
}

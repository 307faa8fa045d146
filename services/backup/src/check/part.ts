/** Which packs a check reads: none, all, or the n-th of m parts, so that m checks in a row have read all. */
export type ReadData = boolean | { readonly part: number; readonly of: number }

/**
 * The packs to read, by their ids: a pack stays in its part whatever comes and goes around it. A part that would be empty, because there are
 * few packs, takes one that is another part's too: a check that reads nothing proves nothing.
 */
export function choosePart(packIds: Iterable<string>, readData: ReadData): string[] {
  if (readData === false) return []
  const sorted = [...packIds].toSorted()
  if (readData === true) return sorted
  const { part, of } = readData
  if (!Number.isInteger(part) || !Number.isInteger(of) || part < 1 || part > of) throw new RangeError(`there is no part ${part} of ${of}`)
  const chosen = sorted.filter((packId) => Number.parseInt(packId.slice(0, 8), 16) % of === part - 1)
  const substitute = sorted[(part - 1) % Math.max(1, sorted.length)]
  return chosen.length === 0 && substitute !== undefined ? [substitute] : chosen
}

/** How many observations fell at or below each upper bound. */
export type Buckets = ReadonlyMap<number, number>

/**
 * The value below which this share of the observations lies, by linear interpolation within a bucket, as Prometheus' histogram_quantile
 * does it; null without observations or without a bucket for the largest ones.
 */
export function quantileOf(quantile: number, buckets: Buckets): number | null {
  const bounds = [...buckets.keys()].toSorted((a, b) => a - b)
  if (bounds.length < 2 || bounds.at(-1) !== Infinity) return null
  const counts: number[] = []
  // A bucket that is smaller than the one before comes from a page that was written while observations came in.
  for (const bound of bounds) counts.push(Math.max(counts.at(-1) ?? 0, buckets.get(bound) ?? 0))
  const total = counts.at(-1) ?? 0
  if (!(total > 0)) return null
  const rank = quantile * total
  const index = counts.findIndex((count) => count >= rank)
  const upper = bounds[index] ?? Infinity
  if (upper === Infinity) return bounds.at(-2) ?? null
  if (index === 0 && upper <= 0) return upper
  const lower = index === 0 ? 0 : (bounds[index - 1] ?? 0)
  const below = index === 0 ? 0 : (counts[index - 1] ?? 0)
  const within = (counts[index] ?? 0) - below
  return within === 0 ? lower : lower + ((upper - lower) * (rank - below)) / within
}

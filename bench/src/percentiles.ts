/** The smallest sample that at least `percent` per cent of all samples do not exceed (nearest rank). */
export function percentile(samples: readonly number[], percent: number): number {
  if (samples.length === 0) throw new RangeError('no samples')
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`a percentile is above 0 and at most 100, not ${percent}`)
  const sorted = samples.toSorted((a, b) => a - b)
  // Multiplied before it is divided: 0.07 * 100 is more than 7.
  return sorted[Math.ceil((percent * samples.length) / 100) - 1] as number
}

const maxLength = 64
const maxCandidates = 2000

/** The candidate that was most likely meant, or undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word === '' || word.length > maxLength) return undefined
  const wanted = normalize(word)
  let best: string | undefined
  let bestScore = Number.POSITIVE_INFINITY
  let seen = 0
  for (const candidate of candidates) {
    if (++seen > maxCandidates) break
    if (candidate === '' || candidate.length > maxLength) continue
    const score = scoreOf(wanted, normalize(candidate))
    if (score < bestScore) [best, bestScore] = [candidate, score]
  }
  return best
}

/** `did you mean "every"?`, or undefined. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const candidate = nearest(word, candidates)
  return candidate === undefined ? undefined : `did you mean "${candidate}"?`
}

/** Every spelling of one name: `maxAge`, `max-age` and `max_age`. */
function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]/g, '')
}

/** Edit distance, Infinity when it is too far to be a slip. One that only stops early (`warn` for `warning`) counts as a slip too. */
function scoreOf(wanted: string, candidate: string): number {
  const tolerated = Math.min(3, Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3)))
  const distance = editDistance(wanted, candidate)
  if (distance <= tolerated && distance < Math.max(wanted.length, candidate.length)) return distance
  const shorter = Math.min(wanted.length, candidate.length)
  if (shorter >= 3 && (candidate.startsWith(wanted) || wanted.startsWith(candidate))) return tolerated + distance / maxLength
  return Number.POSITIVE_INFINITY
}

/** Optimal string alignment: insert, delete, replace, and swap of two neighbours cost 1 each. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

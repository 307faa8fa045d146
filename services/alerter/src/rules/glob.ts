/** Whether a text matches a pattern in which `*` stands for anything and `?` for one character. Never slower than pattern times text. */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let inPattern = 0
  let starAt = -1
  let resumeAt = 0
  while (at < text.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      starAt = inPattern++
      resumeAt = at
    } else if (wanted === '?' || wanted === text[at]) {
      inPattern++
      at++
    } else if (starAt >= 0) {
      inPattern = starAt + 1
      at = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}

/** Whether a text matches any of the patterns, and none of those that start with `!`. Patterns that only exclude let the rest in. */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'))
  const refused = patterns.filter((pattern) => pattern.startsWith('!'))
  return (
    (wanted.length === 0 || wanted.some((pattern) => matchesGlob(pattern, text))) &&
    !refused.some((pattern) => matchesGlob(pattern.slice(1), text))
  )
}

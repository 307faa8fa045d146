/** A match that takes longer is a slow one. */
const slowMs = 20
const maxSlow = 3

/** Tries a pattern, and gives it up for good when it was slow three times: the lines count as not understood then, and nothing stands still. */
export class PatternGuard {
  #slow = 0

  match(regex: RegExp, text: string): Readonly<Record<string, string | undefined>> | undefined {
    if (this.#slow >= maxSlow) return undefined
    const startedMs = performance.now()
    const match = regex.exec(text)
    if (performance.now() - startedMs > slowMs) this.#slow++
    return match?.groups
  }
}

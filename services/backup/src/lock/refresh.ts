export interface RefreshTimes {
  /** A lock is refreshed when it is so old. */
  readonly everyMs: number
  /** After a failure it is tried again so soon. */
  readonly againMs: number
  /** Not refreshed for so long: one last try, then all writing stops. Well before others take the lock for stale. */
  readonly loseAfterMs: number
}

const defaults: RefreshTimes = { everyMs: 5 * 60_000, againMs: 15_000, loseAfterMs: 22.5 * 60_000 }

/** What a holder must do about its lock now. */
export function decideRefresh(
  ages: { readonly sinceRefreshMs: number; readonly sinceTryMs: number },
  times: Partial<RefreshTimes> = {},
): 'rest' | 'refresh' | 'last_chance' {
  const { everyMs, againMs, loseAfterMs } = { ...defaults, ...times }
  if (ages.sinceRefreshMs >= loseAfterMs) return 'last_chance'
  return ages.sinceRefreshMs >= everyMs && ages.sinceTryMs >= againMs ? 'refresh' : 'rest'
}

import type { PresenceConfig } from './presence-config.ts'
import type { HostSeen } from './host-seen.ts'

/** What to do about hosts that are silent. */
export interface HostsJudged {
  /** Silent, each for itself. */
  readonly silent: readonly HostSeen[]
  /** They fell silent together with many others. */
  readonly missing: readonly HostSeen[]
  /** Of how many that were heard before. */
  readonly watched: number
  readonly isMass: boolean
}

export interface Silence {
  readonly entry: HostSeen
  readonly ms: number
}

/**
 * Tells many at once from each for itself. Who is nearly due counts as silent too, or the first of many would be told of alone: their last
 * words lie up to one interval apart. Pure; `watched` are those that were heard before, with how long they have been silent.
 */
export function judgeHosts(watched: readonly Silence[], isMass: boolean, { after, mass }: PresenceConfig): HostsJudged {
  const due = watched.filter(({ ms }) => ms >= after).map(({ entry }) => entry)
  const nearly = watched.filter(({ entry, ms }) => entry.state === 'missing' || ms >= (after * 2) / 3).map(({ entry }) => entry)
  const isMany = isMassive(nearly.length, watched.length, mass)
  if (!isMass && (due.length === 0 || !isMany)) return { silent: due, missing: [], watched: watched.length, isMass: false }
  const missing = isMany ? nearly : watched.flatMap(({ entry }) => (entry.state === 'missing' ? [entry] : []))
  return { silent: [], missing, watched: watched.length, isMass: isMany }
}

function isMassive(count: number, of: number, { hosts, share }: PresenceConfig['mass']): boolean {
  return count >= hosts && count > share * of
}

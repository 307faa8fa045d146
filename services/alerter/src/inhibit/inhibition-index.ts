import type { AlertEvent } from '@nightshift/shared/events/alert'
import { isFiring } from '../group/group.ts'
import type { Mute, Muter } from '../mute/mute.ts'
import { labelOf } from '../route/route-tree.ts'
import { matchesAny } from '../rules/glob.ts'
import type { InhibitConfig } from './inhibit-config.ts'

type Config = InhibitConfig[string]
type Match = Config['source']

/** Which causes fire, per inhibition and the labels it compares: a set for each, so that one cause that ends does not free what another mutes. */
export class InhibitionIndex implements Muter {
  readonly #inhibitions: readonly { name: string; config: Config; sources: Map<string, Set<string>>; keys: Map<string, string> }[]

  constructor(config: InhibitConfig) {
    this.#inhibitions = Object.entries(config).map(([name, each]) => ({ name, config: each, sources: new Map(), keys: new Map() }))
  }

  /** Takes an alert event in. True when it was a cause and is none any more. */
  note(event: AlertEvent): boolean {
    if (!isFiring(event) && event.phase !== 'resolved') return false
    let hasEnded = false
    for (const { config, sources, keys } of this.#inhibitions) {
      // Its severity may have changed: then it is a cause no more, or one of something else.
      const before = keys.get(event.fingerprint)
      const key = isFiring(event) && fits(config.source, event) ? keyOf(config, event) : undefined
      if (before === key) continue
      if (before !== undefined) {
        hasEnded = true
        keys.delete(event.fingerprint)
        const firing = sources.get(before)
        firing?.delete(event.fingerprint)
        if (firing?.size === 0) sources.delete(before)
      }
      if (key === undefined) continue
      keys.set(event.fingerprint, key)
      sources.set(key, (sources.get(key) ?? new Set()).add(event.fingerprint))
    }
    return hasEnded
  }

  /** An alert that is itself such a cause is not muted by others of its kind. */
  muteOf(event: AlertEvent): Mute | undefined {
    for (const { name, config, sources } of this.#inhibitions) {
      if (sources.size === 0 || !fits(config.target, event) || fits(config.source, event)) continue
      if (sources.has(keyOf(config, event))) return { kind: 'inhibited', by: name, untilMs: null }
    }
    return undefined
  }
}

function fits(match: Match, event: AlertEvent): boolean {
  return Object.entries(match).every(([name, patterns]) => matchesAny(patterns, labelOf(event, name)))
}

function keyOf({ equal }: Config, event: AlertEvent): string {
  return JSON.stringify(equal.map((name) => labelOf(event, name)))
}

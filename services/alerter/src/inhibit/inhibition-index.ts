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
  readonly #inhibitions: readonly { name: string; config: Config; sources: Map<string, Set<string>> }[]

  constructor(config: InhibitConfig) {
    this.#inhibitions = Object.entries(config).map(([name, each]) => ({ name, config: each, sources: new Map() }))
  }

  /** Takes an alert event in. True when it was a cause and is none any more. */
  note(event: AlertEvent): boolean {
    let hasEnded = false
    for (const { config, sources } of this.#inhibitions) {
      if (!fits(config.source, event)) continue
      const key = keyOf(config, event)
      const firing = sources.get(key)
      if (isFiring(event)) sources.set(key, (firing ?? new Set()).add(event.fingerprint))
      else if (event.phase === 'resolved' && firing?.delete(event.fingerprint) === true) {
        hasEnded = true
        if (firing.size === 0) sources.delete(key)
      }
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

import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { MirrorConfig } from '../config/mirror-config.ts'
import { Mirror, type MirrorStanding } from './mirror.ts'

interface Parts {
  readonly clock: Clock
  readonly log: Logger
}

/** The mirrors of a configuration. */
export class Mirrors {
  readonly #parts: Parts
  #running = new Map<string, { mirror: Mirror; text: string }>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Starts what is new, ends what is gone, and starts anew what was changed. */
  async use(config: Readonly<Record<string, MirrorConfig>>): Promise<void> {
    const wanted = new Map(Object.entries(config).map(([name, one]) => [name, { one, text: JSON.stringify(one) }]))
    const old = [...this.#running].filter(([name, { text }]) => wanted.get(name)?.text !== text)
    await Promise.all(old.map(async ([, { mirror }]) => await mirror.stop()))
    for (const [name] of old) this.#running.delete(name)
    for (const [name, { one, text }] of wanted) {
      if (this.#running.has(name)) continue
      const mirror = new Mirror({ name, config: one, ...this.#parts })
      this.#running.set(name, { mirror, text })
      mirror.start()
    }
  }

  standings(): MirrorStanding[] {
    return [...this.#running.values()].map(({ mirror }) => mirror.standing())
  }

  /** For the heartbeat; nothing where nothing is mirrored. */
  metrics(): SelfMetrics {
    const all = this.standings()
    if (all.length === 0) return {}
    return {
      mirrors: all.length,
      mirrors_behind: all.filter(({ isBehind }) => isBehind).length,
      mirror_lag_seconds: Math.max(...all.map(({ lagSeconds }) => lagSeconds)),
      mirror_files_waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
      mirror_stored_bytes_total: all.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(async ({ mirror }) => await mirror.stop()))
    this.#running.clear()
  }
}

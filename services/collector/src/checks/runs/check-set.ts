import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '@nightshift/shared/clock'
import { ContractError } from '@nightshift/shared/errors'
import type { CheckConfig, CollectorConfig } from '../../config.ts'
import type { HostPaths } from '../../procfs/host-paths.ts'
import { CheckRunner, type Run, type RunnerStats } from './check-runner.ts'

export interface CheckSetOptions<R> {
  hostName: string
  host: HostPaths
  clock: Clock
  report(name: string, config: CheckConfig, run: Run): R
}

/** The checks of the config, each with its runner. */
export class CheckSet<R> {
  readonly stats: RunnerStats = { runs: 0, timeouts: 0, skips: 0 }
  readonly #options: CheckSetOptions<R>
  readonly #runners = new Map<string, { config: CheckConfig; runner: CheckRunner<R> }>()

  constructor(options: CheckSetOptions<R>) {
    this.#options = options
  }

  get size(): number {
    return this.#runners.size
  }

  /** Makes the running checks those of the config. One that did not change keeps its schedule. */
  async apply(checks: CollectorConfig['checks']): Promise<void> {
    const ended = [...this.#runners].filter(([name, { config }]) => !isDeepStrictEqual(config, checks[name]))
    for (const [name] of ended) this.#runners.delete(name)
    await Promise.all(ended.map(([, { runner }]) => runner.stop()))
    for (const [name, config] of Object.entries(checks)) {
      if (this.#runners.has(name)) continue
      this.#runners.set(name, { config, runner: new CheckRunner({ ...this.#options, name, config, stats: this.stats }) })
    }
  }

  /** Runs a check at once, or joins the run at hand. Throws ContractError `unknown_check`. */
  async run(name: string): Promise<R> {
    const entry = this.#runners.get(name)
    if (entry === undefined) {
      const known = [...this.#runners.keys()].slice(0, 20).join(', ')
      throw new ContractError(
        'unknown_check',
        `no check is named "${name.slice(0, 63)}" here; there is ${known === '' ? 'none at all' : known}`,
      )
    }
    return await entry.runner.runNow()
  }

  async stop(): Promise<void> {
    await this.apply({})
  }
}

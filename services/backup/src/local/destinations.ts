import type { Clock } from '@nightshift/shared/clock'
import type { NatsConfig } from '@nightshift/shared/config/base'
import { ConfigError } from '@nightshift/shared/errors'
import type { BackupConfig } from '../config.ts'
import type { DestinationConfig } from '../config/destination-config.ts'
import { openStore } from '../destinations/registry.ts'
import type { Store } from '../destinations/store.ts'
import { Repository } from '../repository/repository.ts'

/** A destination that is open. */
export interface OpenDestination {
  readonly name: string
  readonly config: DestinationConfig
  readonly repository: Repository
  close(): Promise<void>
}

interface Surroundings {
  readonly host: string
  readonly nats: NatsConfig
  readonly clock: Clock
}

/** The destinations of the configuration, opened when they are needed. */
export class Destinations {
  readonly #config: BackupConfig
  readonly #surroundings: Surroundings

  constructor(config: BackupConfig, surroundings: Surroundings) {
    this.#config = config
    this.#surroundings = surroundings
  }

  get names(): string[] {
    return Object.keys(this.#config.destinations)
  }

  /** Where a job goes, the first one first. */
  namesOf(job: string): string[] {
    const found = Object.hasOwn(this.#config.jobs, job) ? this.#config.jobs[job] : undefined
    if (found === undefined) throw new ConfigError('no_such_job', `there is no job ${job}; there are ${this.#jobsInWords()}`)
    return found.to ?? this.names
  }

  config(name: string): DestinationConfig {
    const found = Object.hasOwn(this.#config.destinations, name) ? this.#config.destinations[name] : undefined
    if (found === undefined)
      throw new ConfigError('no_such_destination', `there is no destination ${name}; there are ${this.names.join(', ') || 'none'}`)
    return found
  }

  passwordOf(name: string): string {
    const password = this.config(name).password ?? this.#config.password
    if (password === undefined) throw new ConfigError('no_password', `${name} has no password; set backup.password_file`)
    return password
  }

  async openStore(name: string): Promise<Store> {
    return await openStore(this.config(name), this.#surroundings)
  }

  /** Opens the repository there. Its index is not loaded yet. */
  async open(name: string, signal?: AbortSignal): Promise<OpenDestination> {
    const store = await this.openStore(name)
    try {
      const repository = await Repository.open(store, { password: this.passwordOf(name), ...(signal === undefined ? {} : { signal }) })
      return { name, config: this.config(name), repository, close: () => closeBoth(repository, store) }
    } catch (error) {
      await store.close()
      throw error
    }
  }

  #jobsInWords(): string {
    return Object.keys(this.#config.jobs).join(', ') || 'none'
  }
}

async function closeBoth(repository: Repository, store: Store): Promise<void> {
  try {
    await repository.close()
  } finally {
    await store.close()
  }
}

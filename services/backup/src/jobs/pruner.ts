import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import type { BackupConfig } from '../config.ts'
import type { Destinations } from '../local/destinations.ts'
import { pruneDestination } from '../local/prune-destination.ts'
import type { BackupFacts } from './backup-event.ts'
import { pruneJob } from './prune-name.ts'
import type { QueuedRun, RunQueue } from './queue.ts'
import type { StateStore } from './state-store.ts'

interface Parts {
  readonly clock: Clock
  readonly log: Logger
  readonly host: string
  readonly store: StateStore
  readonly config: () => BackupConfig
  readonly destinations: () => Destinations
  readonly publish: (about: { job: string; run: string; atMs: number }, facts: BackupFacts) => Promise<void>
}

/** No job has such a name. */
const prefix = 'prune of '

/** Removes the data of forgotten snapshots, destination by destination, in the queue with the runs. */
export class Pruner {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  enqueue(queue: RunQueue, destination: string): void {
    if (queue.find(prefix + destination) === undefined) queue.add(prefix + destination, newId(this.#parts.clock.now()), 'schedule')
  }

  owns({ job }: QueuedRun): boolean {
    return job.startsWith(prefix)
  }

  /** Never rejects. What cannot be pruned now is tried again at the next slot. */
  async perform({ job, run, signal }: QueuedRun): Promise<void> {
    const { clock, log, host, store, config, destinations } = this.#parts
    const name = job.slice(prefix.length)
    const startedMs = clock.now()
    const about = { job: pruneJob, run }
    try {
      // That it cannot be written down, as on a full disk, is no reason not to make room.
      await store.markPruned(name, startedMs).catch((error: unknown) => log.error({ error }, describeError(error)))
      const parts = { host, clock, signal, graceMs: config().prune.grace }
      const { report, room } = await pruneDestination(destinations(), name, parts)
      const destination = { name, ok: true, snapshot: null, stored_bytes: room.storedBytes, free_bytes: room.freeBytes, error: null }
      const facts = { destinations: [destination], removed_bytes: report.removedBytes, duration_seconds: (clock.now() - startedMs) / 1000 }
      await this.#parts.publish({ ...about, atMs: clock.now() }, { phase: 'pruned', ...facts })
    } catch (error) {
      const message = describeError(error)
      log.error({ error, destination: name }, `prune of ${name}: ${message}`)
      await this.#parts.publish({ ...about, atMs: clock.now() }, { phase: 'failed', error: `${name}: ${message}` })
    }
  }
}

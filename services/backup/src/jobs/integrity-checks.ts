import type { Logger } from 'pino'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import type { BackupConfig } from '../config.ts'
import { checkIntegrity } from '../integrity/check.ts'
import type { BackupFacts } from './backup-event.ts'
import { findingsText, markOfNothing, markOfReport } from './integrity-mark.ts'
import { integrityJob } from './integrity-name.ts'
import type { QueuedRun, RunQueue, Trigger } from './queue.ts'
import type { StateStore } from './state-store.ts'

interface Parts {
  readonly clock: Clock
  readonly log: Logger
  readonly store: StateStore
  readonly config: () => BackupConfig
  readonly publish: (about: { job: string; run: string; atMs: number }, facts: BackupFacts) => Promise<void>
}

/** How a database stands, as people and programs read it. */
export interface IntegrityRow {
  database: string
  kind: string
  /** `checking`: a check waits its turn, or is under way. */
  state: 'checking' | 'sound' | 'damaged' | 'unknown'
  checked_time: string | null
  checked_items: number | null
  findings: { check: string; severity: 'warning' | 'error'; detail: string; can_repair: boolean }[]
  error: string | null
}

/** No job has such a name. */
const prefix = 'integrity of '

/** Looks whether databases are sound, one after the other, in the queue with the runs. Changes nothing. */
export class IntegrityChecks {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  enqueue(queue: RunQueue, database: string, trigger: Trigger): { run: QueuedRun; isNew: boolean } {
    return queue.add(prefix + database, newId(this.#parts.clock.now()), trigger)
  }

  owns({ job }: QueuedRun): boolean {
    return job.startsWith(prefix)
  }

  /** Never rejects. What cannot be checked now is tried again at the next slot. */
  async perform({ job, run, signal }: QueuedRun): Promise<void> {
    const { clock, log, store } = this.#parts
    const name = job.slice(prefix.length)
    const config = this.#parts.config().integrity[name]
    if (config === undefined) return
    const startedMs = clock.now()
    const told = async (facts: BackupFacts): Promise<void> => {
      const nowMs = clock.now()
      await this.#parts.publish({ job: integrityJob, run, atMs: nowMs }, { ...facts, name, duration_seconds: (nowMs - startedMs) / 1000 })
    }
    try {
      const mark = markOfReport(await checkIntegrity(config, signal), startedMs)
      await store.markIntegrity(name, mark)
      const error = mark.checked === 0 ? `${name}: there was nothing to look at, so nothing is proven` : findingsText(name, mark)
      if (mark.isSound !== true) log.error({ database: name, findings: mark.findings }, `integrity of ${error}`)
      await told({ phase: mark.isSound === true ? 'verified' : 'failed', checked_items: mark.checked ?? 0, error })
    } catch (error) {
      const message = describeError(error)
      log.error({ error, database: name }, `integrity of ${name}: ${message}`)
      await store
        .markIntegrity(name, markOfNothing(startedMs, message))
        .catch((cause: unknown) => log.error({ error: cause }, describeError(cause)))
      await told({ phase: 'failed', checked_items: 0, error: `${name}: ${message}` })
    }
  }

  /** All databases of the configuration, in its order. */
  rows(queue: RunQueue): IntegrityRow[] {
    const { config, store } = this.#parts
    return Object.entries(config().integrity).map(([database, { kind }]): IntegrityRow => {
      const mark = store.integrity(database)
      const isKnown = mark !== undefined && (mark.isSound !== null || mark.error !== null)
      return {
        database,
        kind,
        state:
          queue.find(prefix + database) !== undefined
            ? 'checking'
            : mark?.isSound === true
              ? 'sound'
              : mark?.isSound === false
                ? 'damaged'
                : 'unknown',
        checked_time: isKnown ? isoTime(mark.atMs) : null,
        checked_items: mark?.checked ?? null,
        findings: mark?.findings.map(({ canRepair, ...finding }) => ({ ...finding, can_repair: canRepair })) ?? [],
        error: mark?.error ?? null,
      }
    })
  }
}

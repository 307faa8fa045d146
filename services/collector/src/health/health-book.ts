import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import type { HealthEvent } from '@nightshift/shared/events/health'
import { ContractError } from '@nightshift/shared/errors'
import type { Origin } from '../envelope.ts'
import type { Log } from '../log.ts'
import { healthEvent } from './health-event.ts'
import { readHealthFile, writeHealthFile, type HealthRecord } from './health-file.ts'
import { compactOutbox } from './outbox.ts'
import {
  applyRun,
  newCheckHealth,
  removal,
  runCorrelation,
  type CheckHealth,
  type RunFacts,
  type Thresholds,
  type Transition,
} from './transition.ts'

const firstRetryMs = 1000
const longestRetryMs = 30_000

export interface HealthBookOptions {
  stateDir: string
  origin: Origin
  log: Log
  /** Resolves when the bus, or its spool, has the event. */
  publish(event: HealthEvent): Promise<unknown>
}

/**
 * The last known state of every check, and the transitions that are on their way. A transition is written down before it is published and
 * crossed out afterwards: a crash in between makes it go out again, under the same id.
 */
export class HealthBook {
  readonly #options: HealthBookOptions
  readonly #path: string
  readonly #checks: Map<string, CheckHealth>
  /** Never changed in place: what is being sent is what was saved before. */
  #outbox: readonly HealthEvent[]
  readonly #stopping = new AbortController()
  #sending: Promise<void> | undefined
  #published = 0
  #compacted = 0
  #trouble = ''

  private constructor(options: HealthBookOptions, record: HealthRecord | undefined) {
    this.#options = options
    this.#path = healthPath(options.stateDir)
    this.#checks = new Map(record?.checks)
    this.#outbox = [...(record?.outbox ?? [])]
  }

  /** Reads what the last run left, and sends what it had not. A file that cannot be understood is moved aside. */
  static async open(options: HealthBookOptions): Promise<HealthBook> {
    const record = await readRecord(options)
    const book = new HealthBook(options, record)
    book.#send()
    return book
  }

  /** Checks with a known state, those of an earlier run too. */
  names(): string[] {
    return [...this.#checks.keys()]
  }

  /** Takes the result of a run and gives the correlation it belongs to. */
  note(check: string, kind: string, run: RunFacts, thresholds: Thresholds, nowMs: number): string {
    const before = this.#checks.get(check) ?? newCheckHealth(kind)
    const [after, transitions] = applyRun({ ...before, kind }, run, thresholds, nowMs)
    this.#checks.set(check, after)
    this.#announce(check, kind, transitions)
    return runCorrelation(before, run)
  }

  /** The check is no longer in the config. */
  remove(check: string, nowMs: number): void {
    const health = this.#checks.get(check)
    if (health === undefined) return
    this.#checks.delete(check)
    this.#announce(check, health.kind, [removal(health, nowMs)])
  }

  counts(): { failing: number; published: number; pending: number; compacted: number } {
    const failing = [...this.#checks.values()].filter(({ state }) => state === 'failing').length
    return { failing, published: this.#published, pending: this.#outbox.length, compacted: this.#compacted }
  }

  /** Why transitions do not get out; empty when they do. */
  trouble(): string {
    return this.#trouble
  }

  /** Writes everything down. What could not be published goes out at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#sending
    await this.#save()
  }

  #announce(check: string, kind: string, transitions: readonly Transition[]): void {
    if (transitions.length === 0) return
    const { origin, log } = this.#options
    const events = transitions.map((transition) => healthEvent(origin, check, kind, transition))
    for (const event of events) {
      const { previous, consecutive, error, correlation_id } = event
      const fields = { check, previous, consecutive, correlation_id, ...(error === null ? {} : { error }) }
      log[event.state === 'failing' ? 'warn' : 'info'](fields, `check ${check} is ${event.state}`)
    }
    const kept = compactOutbox([...this.#outbox, ...events])
    this.#compacted += this.#outbox.length + events.length - kept.length
    this.#outbox = kept
    this.#send()
  }

  #send(): void {
    if (this.#sending !== undefined || this.#outbox.length === 0 || this.#stopping.signal.aborted) return
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined
      this.#send()
    })
  }

  async #sendAll(): Promise<void> {
    let retryMs = firstRetryMs
    while (this.#outbox.length > 0 && !this.#stopping.signal.aborted) {
      await this.#save()
      try {
        for (const event of this.#outbox) {
          await this.#options.publish(event)
          this.#outbox = this.#outbox.filter((candidate) => candidate !== event)
          this.#published++
        }
        this.#trouble = ''
        await this.#save()
      } catch (error) {
        this.#trouble = `transitions of checks cannot be published or spooled; ${this.#outbox.length} wait`
        this.#options.log.error({ error }, this.#trouble)
        await setTimeout(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
        retryMs = Math.min(longestRetryMs, retryMs * 2)
      }
    }
  }

  /** Never rejects: with a full disk the states still go out, only a crash would forget them. */
  async #save(): Promise<void> {
    try {
      await writeHealthFile(this.#path, { host: this.#options.origin.host, checks: this.#checks, outbox: this.#outbox })
    } catch (error) {
      this.#options.log.error(
        { error, path: this.#path },
        'the states of checks cannot be written down; a restart may repeat or miss transitions',
      )
    }
  }
}

function healthPath(stateDir: string): string {
  return join(stateDir, 'health.json')
}

async function readRecord({ stateDir, origin, log }: HealthBookOptions): Promise<HealthRecord | undefined> {
  const path = healthPath(stateDir)
  try {
    const record = await readHealthFile(path)
    if (record === undefined || record.host === origin.host) return record
    log.warn({ path, host: record.host }, `the states of checks are of host ${record.host}; ${origin.host} starts without`)
    return undefined
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    log.error({ error }, `${path} cannot be understood and is moved aside; every check announces its state anew`)
    await rename(path, `${path}.unreadable`)
    return undefined
  }
}

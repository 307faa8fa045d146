import type { Bus } from '@nightshift/shared/bus/bus'
import { describeError, isTransient } from '@nightshift/shared/errors'
import type { ServiceContext } from '@nightshift/shared/service/service'
import type { OutboxEntry } from '../state/healer-state.ts'

type Log = ServiceContext<unknown>['log']

const retryMs = 5000

/** Publishes what the state says is to be published, in order and one at a time. What went out is known by id until the state forgets it. */
export class Outbox {
  private readonly bus: Bus
  private readonly log: Log
  private readonly done = new Set<string>()
  private running: Promise<void> = Promise.resolve()
  private retry: NodeJS.Timeout | undefined
  private isStopping = false
  refused = 0

  constructor(bus: Bus, log: Log) {
    this.bus = bus
    this.log = log
  }

  /** The entries that still have to go out. */
  open(entries: readonly OutboxEntry[]): OutboxEntry[] {
    return entries.filter((entry) => !this.done.has(entry.event.id))
  }

  /** The stored state holds these entries now; what it no longer holds need not be remembered. */
  stored(entries: readonly OutboxEntry[]): void {
    const held = new Set(entries.map((entry) => entry.event.id))
    for (const id of this.done) if (!held.has(id)) this.done.delete(id)
  }

  /** Sends what is open; `onSent` is called when the state holds something that went out and can be forgotten. */
  flush(entries: () => readonly OutboxEntry[], onSent: () => void): void {
    this.running = this.running.then(async () => {
      clearTimeout(this.retry)
      for (let next = this.open(entries())[0]; next !== undefined; next = this.open(entries())[0]) {
        if (!(await this.send(next))) {
          if (!this.isStopping) this.retry = setTimeout(() => this.flush(entries, onSent), retryMs)
          break
        }
      }
      if (this.open(entries()).length < entries().length) onSent()
    })
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    await this.running
  }

  /** What is being sent is finished; nothing is tried again. */
  stop(): void {
    this.isStopping = true
    clearTimeout(this.retry)
  }

  private async send(entry: OutboxEntry): Promise<boolean> {
    try {
      await this.bus.publishEvent(entry.subject, entry.event)
    } catch (error) {
      if (isTransient(error)) {
        this.log.warn({ subject: entry.subject, error }, 'an event waits in the state file: neither the bus nor the spool takes it')
        return false
      }
      this.refused++
      this.log.error(
        { subject: entry.subject, id: entry.event.id, reason: describeError(error) },
        'an event was refused for good and is given up',
      )
    }
    this.done.add(entry.event.id)
    return true
  }
}

import { isoTime } from '@nightshift/shared/clock'
import type { AgentEvent } from '@nightshift/shared/events/agent'
import { heartbeatIntervalMs } from '@nightshift/shared/service/heartbeat'
import { PresenceBook } from '../../src/presence/presence-book.ts'
import { presenceSchema } from '../../src/presence/presence-config.ts'
import { Sight } from '../../src/presence/sight.ts'
import type { Verdict } from '../../src/presence/verdict.ts'

export const start = Date.parse('2026-11-21T03:00:00.000Z')

/** Hosts that send, and somebody who listens, on a clock that the test turns by seconds. */
export class Fleet {
  readonly book: PresenceBook
  readonly sight = new Sight(0)
  readonly told: string[] = []
  readonly details: string[] = []
  /** Hosts whose collector sends each second. */
  readonly alive = new Set<string>()
  /** `healer on web-1`: services that send a heartbeat every 10 s. */
  readonly services = new Set<string>()
  isConnected = true
  /** Our own heartbeat comes back. */
  hearsItself = true
  /** Messages of the bus that are not read yet. */
  unread = 0
  seconds = 0

  constructor(config: unknown = {}) {
    this.book = new PresenceBook(presenceSchema.parse(config))
  }

  get at() {
    return { ms: this.seconds * 1000, wallMs: start + this.seconds * 1000 }
  }

  hear(host: string): void {
    this.take(this.book.hear(host, isoTime(this.at.wallMs), this.at))
  }

  beat(host: string, service: string, change: Partial<AgentEvent> = {}): void {
    const event: AgentEvent = {
      v: 1,
      id: `beat-${this.seconds}`,
      time: isoTime(this.at.wallMs),
      host,
      source: `${service}@${host}`,
      correlation_id: 'run-1',
      service,
      instance: 'run-1',
      version: '1.0.0',
      pid: 1,
      started_time: isoTime(start),
      interval_seconds: heartbeatIntervalMs / 1000,
      state: 'ready',
      reasons: [],
      self: {},
      ...change,
    }
    this.take(this.book.beat(host, event, this.at))
  }

  /** Second by second: everybody who is alive sends, then somebody looks. */
  pass(seconds: number): this {
    for (const end = this.seconds + seconds; this.seconds < end;) {
      this.seconds++
      if (this.isConnected) {
        for (const host of this.alive) this.hear(host)
        if (this.seconds % 10 === 0) {
          if (this.hearsItself) this.sight.hearOurselves(this.at.ms)
          for (const [service = '', , host = ''] of [...this.services].map((name) => name.split(' '))) this.beat(host, service)
        }
      }
      this.sight.look({ ...this.at, isConnected: this.isConnected, unread: this.unread })
      if (this.isConnected) this.take(this.book.judge(this.sight, this.at))
    }
    return this
  }

  /** What changed, as a person would tell it. A mass silence says what it is each second; that is told once. */
  take(verdicts: readonly Verdict[]): void {
    for (const { rule, host, labels, isOn, detail } of verdicts) {
      const line = [rule, host, ...Object.values(labels), isOn ? 'on' : 'off'].filter((part) => part !== null).join(' ')
      if (rule === 'mass-silence' && isOn && this.told.findLast((each) => each.startsWith(rule)) === line) continue
      this.told.push(line)
      this.details.push(detail)
    }
  }
}

export function hostNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `web-${String(index + 1).padStart(2, '0')}`)
}

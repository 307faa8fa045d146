import type { Received } from '@nightshift/shared/events/parse'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { lookAround } from '../look-around.ts'
import { isLeaseLost } from '../state/fenced-bucket.ts'
import { covers, startPosition, type FollowedStream, type Position } from '../state/position.ts'
import { ownWatch } from '../tracking/observed.ts'
import type { Change } from '../tracking/engine.ts'
import { bootMuter } from './boot-muter.ts'
import { newHost, type HostSeen, type Moment } from './host-seen.ts'
import { PresenceBook } from './presence-book.ts'
import { PresenceStore } from './presence-store.ts'
import { Sight } from './sight.ts'
import { StaleAlerts } from './stale-alerts.ts'
import { observedOf, presenceKind, type Verdict } from './verdict.ts'

const lookEveryMs = 1000
const noteWatchedEveryMs = 15_000
const lookForStaleEveryMs = 10_000
const collectorSource = 'collector@'

/** Misses who is not heard: hosts, services, backups, and the alerter itself. By when a message is read here, never by what it says. */
export const presence: CompanionKind = (view) => new Presence(view)

class Presence implements Companion {
  readonly muters
  readonly #view: ShardView
  readonly #book: PresenceBook
  readonly #sight: Sight
  readonly #stale = new StaleAlerts()
  #store: PresenceStore | undefined
  #stopLooking: (() => void) | undefined
  /** The last message of METRICS that was read. */
  #position = startPosition
  /** What was read when somebody fell silent who still is. */
  #knownUntil = startPosition
  /** Nobody watched from then until this start: to be told. */
  #gapSinceMs: number | undefined
  #notedWatchedMs = Number.NEGATIVE_INFINITY
  #lookedForStaleMs = Number.NEGATIVE_INFINITY

  constructor(view: ShardView) {
    this.#view = view
    this.#book = new PresenceBook(view.config().presence)
    this.#sight = new Sight(view.context.clock.monotonicMs())
    this.muters = [bootMuter(this.#book)]
  }

  async open(): Promise<void> {
    const { context, lease, place } = this.#view
    const { bus, clock, log } = context
    const onRefused = (key: string, error: unknown): void =>
      log.error({ error, key }, 'the bus does not keep which hosts are known; after a restart those that are silent by then are not missed')
    this.#store = await PresenceStore.open({ bus, lease, clock, place, onRefused })
    const { hosts, watchedMs } = await this.#store.load(this.#now())
    for (const host of hosts) this.#book.restore(host)
    this.#restoreAlerts()
    const at = this.#now()
    if (watchedMs !== undefined && at.wallMs - watchedMs > this.#view.config().presence.blind_after) this.#gapSinceMs = watchedMs
    this.#sight.look({ ...at, isConnected: false, unread: 0 })
    this.#stopLooking = lookAround(this.#view, lookEveryMs, () => this.#look())
  }

  see(received: Received, at: { stream: FollowedStream; position: Position }): readonly Change[] {
    if (at.stream === 'METRICS') {
      // Read again after a restart: from before the silence that is known already.
      if (covers(this.#knownUntil, at.position)) return []
      this.#position = at.position
    }
    const verdicts = this.#hear(received)
    return verdicts.length === 0 ? [] : this.#changesOf(verdicts, at)
  }

  async reload(): Promise<void> {
    await this.#view.carryOut(this.#changesOf(this.#book.use(this.#view.config().presence, this.#now())))
  }

  /** What is not stored by now is not stored at all: another replica may be at work already. */
  async stop(): Promise<void> {
    this.#stopLooking?.()
    const { context, lease } = this.#view
    if (!lease.holds() || context.bus.state !== 'connected') return
    try {
      await this.#store?.flush(this.#book.takeChanged(), () => this.#book.all(), true)
      await this.#store?.watched(context.clock.now(), true)
    } catch (error) {
      if (!isLeaseLost(error)) throw error
    }
  }

  #hear(received: Received): Verdict[] {
    switch (received.kind) {
      case 'metric':
      case 'check': {
        const { host } = received.address
        if (host === null || !received.event.source.startsWith(collectorSource)) return []
        const at = this.#now()
        const verdicts = this.#book.hear(host, received.event.time, at)
        if (received.kind === 'metric' && received.event.group === 'load') {
          const seconds = received.event.fields?.['uptime_seconds']
          if (seconds != null) this.#book.noteUptime(host, seconds * 1000, at)
        }
        return verdicts
      }
      case 'agent': {
        const { host } = received.address
        const { context } = this.#view
        const at = this.#now()
        const isOurs = host === context.host && received.event.service === context.name
        if (isOurs) this.#sight.hearOurselves(at.ms)
        return host === null || isOurs ? [] : this.#book.beat(host, received.event, at)
      }
      case 'backup': {
        const { host } = received.address
        const { next_due: due, job, time } = received.event
        return host === null || due === null ? [] : this.#book.backup(host, { job, dueMs: Date.parse(due), time }, this.#now())
      }
      case 'change':
        if (received.event.what === 'forgotten' && received.address.host !== null)
          this.#book.forget(received.address.host, Date.parse(received.event.time))
        return []
      default:
        return []
    }
  }

  async #look(): Promise<void> {
    const { context, lag, carryOut } = this.#view
    const at = this.#now()
    const isConnected = context.bus.state === 'connected'
    this.#sight.look({ ...at, isConnected, unread: lag() })
    if (!isConnected) return
    const gap = this.#gapSinceMs === undefined ? [] : this.#book.noteGap(this.#gapSinceMs, at)
    this.#gapSinceMs = undefined
    const verdicts = [...gap, ...this.#book.judge(this.#sight, at)]
    if (verdicts.length > 0) await carryOut(this.#changesOf(verdicts))
    if (at.ms - this.#lookedForStaleMs >= lookForStaleEveryMs) await this.#lookForStale(at)
    await this.#store?.flush(this.#book.takeChanged(), () => this.#book.all())
    if (at.ms - this.#notedWatchedMs < noteWatchedEveryMs) return
    this.#notedWatchedMs = at.ms
    await this.#store?.watched(at.wallMs, false)
  }

  async #lookForStale(at: Moment): Promise<void> {
    const { book, rules, config, carryOut } = this.#view
    this.#lookedForStaleMs = at.ms
    const { stale_after: staleAfterMs, after } = config().presence
    const isHeard = (host: string): boolean => {
      const entry = this.#book.find(host)
      return entry?.state === 'heard' && this.#sight.isClear(at.ms) && at.ms - Math.max(entry.heardMs, this.#sight.floorMs) < after
    }
    const changes = this.#stale.find({ book, rules: rules(), staleAfterMs, isHeard }, at.ms, at.wallMs)
    if (changes.length > 0) await carryOut(changes)
  }

  #changesOf(verdicts: readonly Verdict[], at?: { stream: FollowedStream; position: Position }): Change[] {
    const { place, engine, config } = this.#view
    const { severity } = config().presence
    const shard = place.shards === 1 ? {} : { shard: String(place.number) }
    return verdicts.flatMap((verdict) => {
      const labels = verdict.host === null ? shard : verdict.labels
      return engine.observe(observedOf({ ...verdict, labels }, severity), at ?? { stream: 'METRICS', position: this.#position })
    })
  }

  /** Whom an earlier run missed. */
  #restoreAlerts(): void {
    for (const { life, series, record } of this.#view.book.all()) {
      if (life?.phase !== 'firing' || series.watch !== `${ownWatch}${presenceKind}`) continue
      const { rule, host, labels } = series
      const until = record?.applied.METRICS
      if (until !== undefined && covers(until, this.#knownUntil)) this.#knownUntil = until
      if (rule === 'mass-silence') this.#book.restoreMass(life.started_ms)
      if (rule === 'alerter-blind') this.#book.restoreBlind(life.started_ms)
      if (host === null) continue
      const entry = this.#entryOf(host)
      if (rule === 'host-silent') Object.assign(entry, { state: 'silent', hasCollector: true, heardWallMs: life.started_ms })
      const service = entry.services.get(labels['service'] ?? '')
      if (service !== undefined) service.isSilent = true
      const job = entry.jobs.get(labels['job'] ?? '')
      if (job !== undefined) job.isLate = true
    }
  }

  #entryOf(host: string): HostSeen {
    const known = this.#book.find(host)
    if (known !== undefined) return known
    const entry = newHost(host, this.#now())
    this.#book.restore(entry)
    return entry
  }

  #now(): Moment {
    const { clock } = this.#view.context
    return { ms: clock.monotonicMs(), wallMs: clock.now() }
  }
}

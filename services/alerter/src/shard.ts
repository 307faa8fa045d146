import type { Lease } from '@nightshift/shared/bus/bus'
import type { ChangeEvent } from '@nightshift/shared/events/change'
import type { Received } from '@nightshift/shared/events/parse'
import type { ServiceContext } from '@nightshift/shared/service/service'
import type { Host } from '@nightshift/shared/subjects'
import { Announcer } from './announcer.ts'
import type { ShardView } from './companion.ts'
import { Companions } from './companions.ts'
import type { OpenChannels } from './channels/open-channels.ts'
import { Checkpointer } from './checkpointer.ts'
import type { AlerterConfig } from './config.ts'
import { shardStanding } from './explain/shard-standing.ts'
import type { Standing } from './explain/standing.ts'
import { HostFigureBook } from './figures/host-figures.ts'
import { hostFigures } from './figures/watch-figures.ts'
import { followBus, type Feed, type Readers } from './follow-bus.ts'
import type { Counters } from './counters.ts'
import { openGroups } from './group/open-groups.ts'
import type { GroupBook } from './group/group-book.ts'
import { inParts } from './in-parts.ts'
import { Desk } from './notify/desk.ts'
import type { Outbox } from './notify/outbox.ts'
import type { Muter } from './mute/mute.ts'
import { compileRoutes, type RouteTree } from './route/route-tree.ts'
import { compileRules, type RuleBook } from './rules/compile.ts'
import type { ShardPlace } from './shard-place.ts'
import type { AlertStore, Loaded } from './state/alert-store.ts'
import { isLeaseLost } from './state/fenced-bucket.ts'
import { openState } from './state/open-state.ts'
import type { HealthRecord } from './state/stored.ts'
import { covers, startPositions, type FollowedStream, type Position, type Positions } from './state/position.ts'
import { timezoneOf } from './timezone.ts'
import { Transitions } from './transitions.ts'
import { Turns } from './turns.ts'
import { AlertBook } from './tracking/alert-book.ts'
import { Engine, type Change } from './tracking/engine.ts'
import { HealthLedger } from './tracking/health-ledger.ts'
import { QuietBreaches } from './tracking/quiet-breaches.ts'

/** What outlives a lease. */
export interface ShardParts {
  readonly context: ServiceContext<AlerterConfig>
  readonly lease: Lease
  readonly place: ShardPlace
  readonly counters: Counters
  readonly channels: OpenChannels
  readonly config: AlerterConfig
  readonly random: () => number
  /** The default is 250 ms. */
  readonly checkpointEveryMs?: number
}

const checkpointEveryMs = 250
const courierGraceMs = 1500

/** The alerter at work, for as long as it holds the lease: reads the two streams, keeps the alerts, tells what happens to them. */
export class Shard {
  readonly book: AlertBook
  readonly ledger = new HealthLedger()
  /** Resolves when the lease is lost. */
  readonly lost: Promise<void>
  #handled: Positions = startPositions
  /** Until the transitions of the past are read, which of them still count is not known. */
  #isPriming: boolean
  #isOver = false
  #rules: RuleBook
  #routes: RouteTree
  #config: AlerterConfig
  #readers: Readers | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #giveUp: () => void
  readonly #parts: ShardParts
  readonly #turns = new Turns()
  readonly #transitions = new Transitions()
  readonly engine: Engine
  readonly #quiet = new QuietBreaches()
  readonly #store: AlertStore
  readonly #checkpointer: Checkpointer
  readonly #desk: Desk
  readonly #groups: GroupBook
  readonly #announcer: Announcer
  readonly #companions: Companions
  readonly #muters: Muter[] = []
  readonly #figures = new HostFigureBook()

  /** Loads what is stored, makes good what a crash left undone, and starts to read. */
  static async open(parts: ShardParts): Promise<Shard> {
    const { store, outbox, loaded } = await openState(parts)
    const shard = new Shard(parts, store, outbox, loaded)
    await shard.#resume(loaded)
    return shard
  }

  private constructor(parts: ShardParts, store: AlertStore, outbox: Outbox, loaded: Loaded) {
    const { context, lease, place, counters, channels, config, random } = parts
    const { bus, clock, log, source } = context
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#parts = parts
    this.#store = store
    this.lost = promise
    this.#giveUp = resolve
    this.#config = config
    this.#rules = compileRules(config, timezoneOf(context.base))
    this.#routes = compileRoutes(config.route, config.routes)
    this.book = new AlertBook(config.max_alerts)
    this.engine = new Engine({ rules: this.#rules, book: this.book, ledger: this.ledger, quiet: this.#quiet, clock })
    this.#checkpointer = new Checkpointer({ store, engine: this.engine, quiet: this.#quiet, clock, last: loaded.checkpoint })
    const groups = openGroups({
      channels,
      muters: this.#muters,
      figures: this.#figures,
      rules: () => this.#rules,
      routes: () => this.#routes,
      config: () => this.#config,
    })
    this.#groups = groups
    this.#desk = new Desk({
      bus,
      lease,
      clock,
      log,
      source,
      counters,
      random,
      store,
      groups,
      outbox,
      channels,
      nextCheckpoint: () => this.#checkpointer.next,
      exclusively: (task) => this.#exclusively(task),
      alongside: (task) => this.#turns.alongside(async () => await this.#work(task)),
      isTaken: () => this.#turns.isTaken,
    })
    this.#announcer = new Announcer({
      bus,
      log,
      source,
      counters,
      store,
      token: lease.token,
      engine: this.engine,
      desk: this.#desk,
      checkpointer: this.#checkpointer,
      isTakenOver: (event) => this.#companions.takesOver(event),
      told: (event) => this.#companions.told(event),
    })
    const view: ShardView = {
      context,
      lease,
      place,
      engine: this.engine,
      book: this.book,
      groups,
      desk: this.#desk,
      counters,
      lag: () => this.lagMessages,
      rules: () => this.#rules,
      config: () => this.#config,
      exclusively: (task) => this.#exclusively(task),
      tell: (event) => this.#announcer.tell(event),
      carryOut: (changes) => this.#announcer.carryOut(changes),
    }
    this.#companions = new Companions(view, [hostFigures(this.#figures)])
    this.#muters.push(...this.#companions.muters)
    this.#isPriming = loaded.checkpoint === undefined
    lease.signal.addEventListener('abort', () => this.#end(), { once: true })
  }

  get waitingNotifications(): number {
    return this.#desk.waiting
  }

  get lagMessages(): number {
    return (this.#readers?.METRICS.pending ?? 0) + (this.#readers?.EVENTS.pending ?? 0)
  }

  /** Who hears what at this moment, and what decides it. */
  standing(): Standing {
    const { place, context } = this.#parts
    const deciding = { groups: this.#groups.all(), muters: this.#muters, routes: this.#routes, rules: this.#rules }
    return shardStanding({ book: this.book, engine: this.engine, place, ...deciding }, context.clock.now())
  }

  /** Why alerts are not judged yet. */
  notReady(): string[] {
    const waiting = this.#companions.notReady()
    return this.#isPriming ? ['reading the transitions of the past from EVENTS', ...waiting] : waiting
  }

  /** Takes changed rules and bounds, and channels that were changed already; alerts and their timers stay. */
  async reload(config: AlerterConfig, changedChannels: readonly string[]): Promise<void> {
    const rules = compileRules(config, timezoneOf(this.#parts.context.base))
    const routes = compileRoutes(config.route, config.routes)
    for (const channel of changedChannels) await this.#desk.renew(channel)
    await this.#exclusively(async () => {
      this.#config = config
      this.#rules = rules
      this.#routes = routes
      await this.#companions.reload(config)
      this.engine.use(rules)
      this.book.maxAlerts = config.max_alerts
      if (!this.#isPriming) await this.#announcer.carryOut(this.engine.reconcile(this.#handled.EVENTS))
    })
  }

  /** Finishes what is at hand, saves a last checkpoint and gives the lease back, so that a successor need not wait. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#desk.stop(this.#isOver ? 0 : courierGraceMs)
    await Promise.all(Object.values(this.#readers ?? {}).map((reader) => reader.stop()))
    await this.#companions.stop()
    await this.#exclusively(() => this.#checkpoint(true))
    this.#end()
    await this.#parts.lease.release()
  }

  async #resume(loaded: Loaded): Promise<void> {
    const { context, counters } = this.#parts
    const { clock, log } = context
    const { alerts, health, groups, checkpoint, unreadable } = loaded
    for (const problem of unreadable) log.error({ problem }, 'a stored alert cannot be read and is left out')
    await inParts(health, (record) => this.ledger.restore(record))
    await inParts(alerts, (record) => this.engine.restore(record))
    if (checkpoint !== undefined) this.book.resume(checkpoint.time_ms)
    for (const tracked of this.book.all()) if (tracked.life?.phase === 'ok') this.#checkpointer.noteEnd(tracked)
    this.#handled = checkpoint?.applied ?? startPositions
    const number = checkpoint?.number ?? 0
    await this.#exclusively(async () => {
      await this.#companions.open()
      await this.#desk.open(number, groups)
      for (const { last } of alerts) if (last !== null && last.checkpoint > number) await this.#announcer.tell(last.event)
      if (this.#isPriming) return
      for (const record of this.ledger.forgetRemoved(clock.now())) await this.#store.forgetHealth(record)
      await this.#announcer.carryOut(this.engine.reconcile(this.#handled.EVENTS))
      // Made good is done with: who crashes soon after each start must not say all of it again each time.
      this.#checkpointer.touch()
      await this.#checkpoint(true)
    })
    log.info({ alerts: alerts.length, checks: health.length, checkpoint: number, takeovers: counters.takeovers }, 'the alerter is at work')
    if (this.#isOver) return
    this.#readers = followBus(context, this.#parts.place, checkpoint, this.#feed(checkpoint?.time_ms ?? clock.now()))
    this.#scheduleCheckpoint()
  }

  #feed(checkpointMs: number): Feed {
    const { counters, context } = this.#parts
    return {
      reads: (subject) => this.#companions.reads(subject),
      onMessage: (stream, seq, received) => this.#turns.run(() => this.#take(stream, this.#positionOf(stream, seq), received)),
      onSkipped: (stream, seq) => this.#pass(stream, this.#positionOf(stream, seq)),
      onGap: (stream, { firstSeq, reason }) => {
        counters.gaps++
        const generation = this.#handled[stream].generation + (reason === 'recreated' ? 1 : 0)
        this.#handled = { ...this.#handled, [stream]: { generation, seq: firstSeq - 1 } }
        if (stream === 'METRICS') this.book.goBlind(checkpointMs)
        context.log.warn({ stream, reason }, 'messages are missing; alerts stay as they are')
      },
      onCaughtUp: (stream, seq) => {
        this.#pass(stream, this.#positionOf(stream, seq))
        if (stream === 'EVENTS' && this.#isPriming) void this.#exclusively(() => this.#finishPriming())
      },
    }
  }

  #take(stream: FollowedStream, position: Position, received: Received): Promise<void> | void {
    if (this.#isOver) return
    this.#parts.counters.messages++
    const seen = this.#companions.see(received, { stream, position })
    const changes = this.#decide(position, received)
    if (changes instanceof Promise) {
      return changes.then(() => this.#begin(seen)).then(() => this.#pass(stream, position), this.#fail)
    }
    // What is begun is through before the next checkpoint.
    this.#pass(stream, position)
    return changes.length + seen.length === 0 ? undefined : this.#begin([...seen, ...changes])
  }

  /** Resolves when the next message may come. */
  async #begin(changes: readonly Change[], check?: HealthRecord): Promise<void> {
    const work = (): Promise<void> => this.#work(() => this.#announcer.carryOut(changes))
    await this.#turns.begin(check === undefined ? work : () => this.#transitions.during(check, work))
    await this.#desk.breathe()
  }

  #decide(position: Position, received: Received): Change[] | Promise<void> {
    switch (received.kind) {
      case 'metric':
        return this.engine.onMetric(received.address.host, received.event, position)
      case 'check':
        return this.engine.onCheck(received.address.host, received.event, position)
      case 'health': {
        const known = this.ledger.apply(received.address.host, received.event, position)
        if (known === undefined || this.#isPriming) return []
        return this.#follow(known.record, known.previous)
      }
      case 'change':
        return received.event.what === 'forgotten' ? this.#forgetHost(received.address.host, received.event, position) : []
      default:
        return []
    }
  }

  /** First the transition, then what follows from it: after a crash in between, the next start finds the difference and makes it good. */
  async #follow(record: HealthRecord, previous: HealthRecord | undefined): Promise<void> {
    await this.#transitions.through(record)
    this.#checkpointer.touch()
    await this.#store.saveHealth(record)
    await this.#begin(this.engine.onHealth(record, previous), record)
  }

  async #forgetHost(host: Host, event: ChangeEvent, position: Position): Promise<void> {
    const left = { id: event.id, timeMs: Date.parse(event.time) }
    const removed = this.ledger.removeHost(host, left, position)
    if (this.#isPriming) return
    this.#checkpointer.touch()
    for (const record of removed) await this.#store.saveHealth(record)
    await this.#begin(this.engine.onForgotten(host, left, position))
  }

  /**
   * The past is read: what each check is in now counts, and how it came there does not. From here on every transition counts, so this is
   * where a checkpoint must be before anything is told.
   */
  async #finishPriming(): Promise<void> {
    if (!this.#isPriming) return
    for (const record of this.ledger.all()) await this.#store.saveHealth(record)
    this.#isPriming = false
    this.#checkpointer.touch()
    await this.#checkpoint(true)
    await this.#announcer.carryOut(this.engine.reconcile(this.#handled.EVENTS))
  }

  #positionOf(stream: FollowedStream, seq: number): Position {
    return { generation: this.#handled[stream].generation, seq }
  }

  #pass(stream: FollowedStream, position: Position): void {
    if (!this.#isOver && !covers(this.#handled[stream], position)) this.#handled = { ...this.#handled, [stream]: position }
  }

  async #checkpoint(isLast: boolean): Promise<void> {
    if (this.#isPriming) return
    const incarnation = (stream: FollowedStream): string | null =>
      this.#readers?.[stream].incarnation ?? this.#checkpointer.last?.incarnations[stream] ?? null
    const incarnations = { METRICS: incarnation('METRICS'), EVENTS: incarnation('EVENTS') }
    const saved = await this.#checkpointer.save(this.#handled, incarnations, isLast)
    if (saved === undefined) return
    const clear = async (): Promise<void> => {
      await Promise.all([saved.clear(), this.#desk.release(saved.number)])
    }
    if (isLast) await clear()
    else void this.#turns.alongside(async () => await this.#work(clear))
  }

  #scheduleCheckpoint(): void {
    this.#timer = setTimeout(() => {
      void this.#exclusively(() => this.#checkpoint(false)).then(() => {
        if (!this.#isOver) this.#scheduleCheckpoint()
      })
    }, this.#parts.checkpointEveryMs ?? checkpointEveryMs)
  }

  /** Runs a task when nothing else is under way. */
  async #exclusively(task: () => Promise<void>): Promise<void> {
    await this.#turns.exclusively(async () => await this.#work(task))
  }

  /** Never rejects: what goes wrong is said here. */
  async #work(task: () => Promise<void>): Promise<void> {
    if (!this.#isOver) await task().catch(this.#fail)
  }

  /** The message at hand is not done: no checkpoint passes it, and whoever goes on reads it again. */
  readonly #fail = (error: unknown): void => {
    const { log } = this.#parts.context
    if (!isLeaseLost(error)) log.error({ error }, 'the alerter cannot go on; starting over from its checkpoint')
    this.#end()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#giveUp()
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bus } from '../bus/bus.ts'
import { isoTime } from '../clock.ts'
import { ConflictError, describeError, NightshiftError } from '../errors.ts'
import { buildSubject, type ServiceName } from '../subjects.ts'
import { settlesWithin } from './deadline.ts'
import type { ErrorCounts } from './error-counts.ts'
import type { ServiceHandle, ServiceState } from './handle.ts'
import { heartbeat } from './heartbeat.ts'
import { InstanceGuard } from './instance-guard.ts'
import { openProcessStats } from './process-stats.ts'
import { prometheusText } from './prometheus-text.ts'
import { Pulse } from './pulse.ts'
import { ownIdentity, type InstanceIdentity } from './rivals.ts'
import { selfFamilies, selfMetrics } from './self-metrics.ts'
import type { RunningService, SelfMetrics, ServiceContext, ServiceDefinition } from './service.ts'
import { Standing } from './standing.ts'

/** How long a start waits for the broker, and then for the service, before it goes on in the background. */
const connectGraceMs = 1500
const startGraceMs = 3000
const stopDeadlineMs = 5000
/** The service may take this share of the deadline; the rest is for the bus, to send what is left. */
const serviceShare = 0.6

/** One run of a service, from its start to its end. */
export class ServiceRun<C> implements ServiceHandle<C> {
  readonly name: ServiceName
  readonly host: string
  readonly instance: string
  readonly bus: Bus
  readonly stopped: Promise<NightshiftError | undefined>
  readonly #definition: ServiceDefinition<C>
  readonly #context: ServiceContext<C>
  readonly #errors: ErrorCounts
  readonly #identity: InstanceIdentity
  readonly #startedMs: number
  readonly #stats = openProcessStats()
  readonly #standing: Standing
  readonly #pulse: Pulse
  readonly #guard: InstanceGuard
  readonly #resolveStopped: (failure: NightshiftError | undefined) => void
  #forgetBus: () => void = () => undefined
  #starting: Promise<void> = Promise.resolve()
  #running: RunningService<C> | undefined
  #stopping: Promise<void> | undefined
  #reloading: Promise<void> = Promise.resolve()

  constructor(definition: ServiceDefinition<C>, context: ServiceContext<C>, errors: ErrorCounts) {
    const { bus, clock, log, base, host, instance, name } = context
    this.name = name
    this.host = host
    this.instance = instance
    this.bus = bus
    this.#definition = definition
    this.#context = context
    this.#errors = errors
    this.#identity = ownIdentity(instance, isoTime(clock.now()))
    this.#startedMs = clock.monotonicMs()
    const { promise, resolve } = Promise.withResolvers<NightshiftError | undefined>()
    this.stopped = promise
    this.#resolveStopped = resolve
    const state = (): ServiceState => this.state
    this.#pulse = new Pulse(clock, state, (announced, isPeriodic) => this.#sendHeartbeat(announced, isPeriodic))
    this.#standing = new Standing(bus, base.nats.servers, () => this.#pulse.look())
    const beat = (): void => this.#pulse.beat()
    const onRival = (error: ConflictError): void => this.#fail(error)
    this.#guard = new InstanceGuard({ bus, service: name, host, identity: this.#identity, clock, log, state, beat, onRival })
  }

  get state(): ServiceState {
    return this.#standing.state
  }

  get failure(): NightshiftError | undefined {
    return this.#standing.failure
  }

  /** Called once. When it rejects, everything is closed again. */
  async start(): Promise<void> {
    try {
      await connected(this.bus, connectGraceMs)
      await this.#guard.refuseWhenTaken()
      this.#guard.enter()
      this.#forgetBus = this.bus.onState((busState) => {
        if (busState === 'connected') void this.#guard.enterAgain()
      })
      this.#pulse.start()
      this.#starting = this.#startService()
      await Promise.race([this.#starting, settlesWithin(this.#starting, startGraceMs)])
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#starting.catch((error: unknown) => this.#fail(error))
  }

  notReady(): string[] {
    return this.#standing.notReady()
  }

  metricsText(): string {
    const { host, version } = this.#context
    return prometheusText(selfFamilies({ service: this.name, host, version }, this.#selfMetrics(), this.#errors))
  }

  async reload(config: C): Promise<void> {
    const turn = this.#reloading.then(async () => {
      if (this.#running === undefined || this.#stopping !== undefined) {
        throw new ConflictError('not_running', `the ${this.name} is ${this.state}; the new configuration was not taken`, {
          transient: true,
        })
      }
      await this.#running.reload(config)
    })
    this.#reloading = turn.catch(() => undefined)
    await turn
  }

  stop(deadlineMs: number = stopDeadlineMs): Promise<void> {
    this.#stopping ??= this.#shutDown(deadlineMs)
    return this.#stopping
  }

  async handleHttp(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    return (await this.#running?.handleHttp?.(request, response)) ?? false
  }

  async #startService(): Promise<void> {
    const running = await this.#definition.start(this.#context)
    this.#running = running
    this.#standing.running = running
    this.#pulse.look()
  }

  /** In this order: take nothing in any more, say so, send what is left. Each step has its share of the time. */
  async #shutDown(deadlineMs: number): Promise<void> {
    const { clock, log } = this.#context
    const endMs = clock.monotonicMs() + deadlineMs
    const leftMs = (): number => Math.max(0, endMs - clock.monotonicMs())
    this.#standing.stopping = true
    this.#forgetBus()
    const wasAnnounced = this.#pulse.stop()
    if (!(await settlesWithin(this.#stopService(), deadlineMs * serviceShare))) {
      log.error(
        { code: 'stop_timeout', deadline_seconds: deadlineMs / 1000 },
        `the ${this.name} did not stop in time; what it was doing is left behind`,
      )
    }
    this.#guard.leave()
    if (wasAnnounced) this.#sendHeartbeat('stopping', false)
    if (!(await settlesWithin(this.bus.close(leftMs() * 0.9), leftMs())))
      log.error({ code: 'stop_timeout' }, 'the connection to the bus did not close in time')
    this.#standing.close()
    this.#stats.close()
    this.#resolveStopped(this.failure)
  }

  async #stopService(): Promise<void> {
    await this.#starting.catch(() => undefined)
    try {
      await this.#running?.stop()
    } catch (error) {
      this.#context.log.error({ error }, `the ${this.name} did not stop cleanly`)
    }
  }

  #fail(cause: unknown): void {
    if (this.failure !== undefined || this.#stopping !== undefined) return
    const failure =
      cause instanceof NightshiftError
        ? cause
        : new NightshiftError('start_failed', `the ${this.name} cannot start: ${describeError(cause)}`, { cause })
    this.#standing.failure = failure
    this.#context.log.fatal({ error: failure }, failure.message)
    void this.stop()
  }

  #sendHeartbeat(state: ServiceState, isPeriodic: boolean): void {
    const { bus, clock, host, name } = this.#context
    if (isPeriodic) this.#stats.nextWindow()
    const about = { ...this.#context, identity: this.#identity }
    const event = heartbeat(about, { state, reasons: this.notReady(), self: this.#selfMetrics(), nextDue: this.#nextDue() }, clock.now())
    bus.publishMetric(buildSubject({ kind: 'agent', host, service: name }, bus.namespace), event)
  }

  #selfMetrics(): SelfMetrics {
    const { clock, bus } = this.#context
    const uptimeSeconds = (clock.monotonicMs() - this.#startedMs) / 1000
    return selfMetrics({ process: this.#stats.read(), bus, errors: this.#errors, uptimeSeconds, own: this.#ownMetrics() })
  }

  /** Without it the readers keep what they knew; a service that cannot say it is not silent for that. */
  #nextDue(): Readonly<Record<string, string>> | undefined {
    try {
      return this.#running?.nextDue?.()
    } catch (error) {
      this.#errors.count(error)
      return undefined
    }
  }

  #ownMetrics(): SelfMetrics {
    try {
      return this.#running?.self() ?? {}
    } catch (error) {
      this.#errors.count(error)
      return {}
    }
  }
}

/** Waits for the first connection, but not for long. */
async function connected(bus: Bus, graceMs: number): Promise<void> {
  if (bus.state === 'connected') return
  const { promise, resolve } = Promise.withResolvers<void>()
  const forget = bus.onState((state) => {
    if (state === 'connected') resolve()
  })
  await settlesWithin(promise, graceMs)
  forget()
}

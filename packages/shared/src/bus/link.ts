import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { PermissionViolationError, type NatsConnection, type Status } from '@nats-io/transport-node'
import { BusError, describeError } from '../errors.ts'
import type { BusDeps, BusOptions, BusState } from './bus.ts'
import { dial, reconnectWaitMs } from './connect.ts'
import { busAway, type Live } from './live.ts'
import { Once } from './once.ts'
import { waitForStreams } from './wait-for-streams.ts'

/** Keeps one connection for ever: the client reconnects by itself, and is opened anew should it give up. */
export class Link {
  state: BusState = 'connecting'
  /** Times that the connection came back. */
  reconnects = 0
  permissionErrors = 0
  private current: Live | undefined
  private provisioned: Live | undefined
  private breaking = new AbortController()
  private readonly closing = new AbortController()
  private readonly stateListeners = new Set<(state: BusState) => void>()
  private readonly readyListeners = new Set<(live: Live) => void>()
  private readonly denied = new Once()
  private readonly options: BusOptions
  private readonly deps: BusDeps

  constructor(options: BusOptions, deps: BusDeps) {
    this.options = options
    this.deps = deps
    void this.run()
  }

  /** The connection while there is one. */
  get live(): Live | undefined {
    return this.current
  }

  /** The connection while there is one and everything this service needs is on the server. */
  get ready(): Live | undefined {
    return this.provisioned
  }

  /** Aborted when the bus is closed. */
  get closed(): AbortSignal {
    return this.closing.signal
  }

  onState(listener: (state: BusState) => void): () => void {
    this.stateListeners.add(listener)
    return () => this.stateListeners.delete(listener)
  }

  /** Called each time the connection is ready again. */
  onReady(listener: (live: Live) => void): () => void {
    this.readyListeners.add(listener)
    return () => this.readyListeners.delete(listener)
  }

  /** Waits for a ready connection. Rejects with BusError `bus_closed`, or with the reason of the signal. */
  async untilReady(signal?: AbortSignal): Promise<Live> {
    signal?.throwIfAborted()
    if (this.closing.signal.aborted) throw busClosed()
    if (this.provisioned) return this.provisioned
    const { promise, resolve, reject } = Promise.withResolvers<Live>()
    const refuse = (): void => reject(this.closing.signal.aborted ? busClosed() : signal?.reason)
    const forget = this.onReady(resolve)
    signal?.addEventListener('abort', refuse, { once: true })
    this.closing.signal.addEventListener('abort', refuse, { once: true })
    try {
      return await promise
    } finally {
      forget()
      signal?.removeEventListener('abort', refuse)
      this.closing.signal.removeEventListener('abort', refuse)
    }
  }

  /** The connection, or BusError `bus_away`. */
  mustBeLive(): Live {
    if (this.closing.signal.aborted) throw busClosed()
    if (this.current) return this.current
    throw busAway()
  }

  /** Drains and closes the connection; what does not go out within the deadline is given up. */
  async close(deadlineMs: number): Promise<void> {
    if (this.closing.signal.aborted) return
    const live = this.current
    this.closing.abort()
    if (live) {
      const drained = live.nc
        .drain()
        .catch((error: unknown) => this.deps.log.debug({ error: describeError(error) }, 'drain of the connection failed'))
      await Promise.race([drained, sleep(deadlineMs, undefined, { ref: false })])
      await live.nc.close()
    }
    this.breakLive()
    this.enter('closed')
  }

  private async run(): Promise<void> {
    const { log } = this.deps
    const complaints = new Once()
    while (!this.closing.signal.aborted) {
      try {
        const nc = await dial(this.options)
        if (this.closing.signal.aborted) return await nc.close()
        await this.keep(nc)
      } catch (error) {
        if (complaints.first(describeError(error)))
          log.warn({ error: describeError(error) }, 'the bus does not answer; trying again until it does')
      }
      await sleep(reconnectWaitMs(), undefined, { signal: this.closing.signal }).catch(() => undefined)
    }
  }

  /** Follows one client through its breaks and reconnects, until it closes for good. */
  private async keep(nc: NatsConnection): Promise<void> {
    const status = nc.status()
    const jsm = await jetstreamManager(nc, { checkAPI: false })
    this.begin(nc, jsm)
    try {
      for await (const event of status) this.notice(event, nc, jsm)
    } finally {
      this.breakLive()
    }
    await nc.close()
    const reason = await nc.closed()
    if (this.closing.signal.aborted) return
    this.enter('disconnected')
    this.deps.log.error(
      { error: reason ? describeError(reason) : 'no reason given' },
      'the client gave the connection up; opening a new one',
    )
  }

  private notice(event: Status, nc: NatsConnection, jsm: JetStreamManager): void {
    switch (event.type) {
      case 'disconnect':
        this.breakLive()
        if (!this.closing.signal.aborted) {
          this.enter('disconnected')
          this.deps.log.warn({ server: event.server.replace(/\/\/[^@/]*@/, '//') }, 'lost the connection to the bus; reconnecting')
        }
        return
      case 'reconnect':
        this.begin(nc, jsm)
        return
      case 'error':
        this.complain(event.error)
        return
      default:
        return
    }
  }

  private begin(nc: NatsConnection, jsm: JetStreamManager): void {
    if (this.closing.signal.aborted) return
    this.breakLive()
    this.breaking = new AbortController()
    const live: Live = { nc, jsm, js: jetstream(nc), broken: this.breaking.signal }
    if (this.state !== 'connecting') this.reconnects++
    this.current = live
    this.enter('connected')
    this.deps.log.info({ server: nc.getServer(), server_version: nc.info?.version }, 'connected to the bus')
    void this.provision(live)
  }

  private async provision(live: Live): Promise<void> {
    const there = await waitForStreams(live, this.options, this.deps)
    if (!there || this.current !== live) return
    this.provisioned = live
    for (const listener of this.readyListeners) listener(live)
  }

  private breakLive(): void {
    this.current = undefined
    this.provisioned = undefined
    this.breaking.abort()
  }

  private enter(state: BusState): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    for (const listener of this.stateListeners) listener(state)
  }

  /** A denied publish raises nothing where it was made; this is the only sign of it. */
  private complain(error: Error): void {
    const { log } = this.deps
    if (error instanceof PermissionViolationError) {
      this.permissionErrors++
      if (this.denied.first(`${error.operation} ${error.subject}`)) {
        log.error(
          { code: 'permission_denied', operation: error.operation, subject: error.subject },
          'the bus denies this; check the permissions of this user',
        )
      }
    } else {
      log.warn({ error: describeError(error) }, 'the bus reports an error')
    }
  }
}

function busClosed(): BusError {
  return new BusError('bus_closed', 'the connection to the bus was closed')
}

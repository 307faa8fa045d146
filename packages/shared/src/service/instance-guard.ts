import { setTimeout as sleep } from 'node:timers/promises'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import { describeError, type ConflictError } from '../errors.ts'
import { encodeToken } from '../host-token.ts'
import type { ServiceName } from '../subjects.ts'
import type { ServiceState } from './handle.ts'
import { duplicateError, readIdentity, Rivals, startedFirst, type InstanceIdentity } from './rivals.ts'

export interface GuardParts {
  bus: Bus
  service: ServiceName
  host: string
  identity: InstanceIdentity
  clock: Clock
  log: Logger
  state: () => ServiceState
  /** Tells the other at once that we were first. */
  beat: () => void
  /** Another one was first: stop. Called once. */
  onRival: (error: ConflictError) => void
}

const maxAnswerWaitMs = 2000
/** All instances answer at once; after the last answer so much longer. */
const answerStallMs = 300
const stoppingWaitMs = 10_000
const stoppingPollMs = 500
const maxMessageBytes = 65_536
const minBeatPauseMs = 1000

/**
 * Sees to it that a service runs once under a host name. Before it starts it asks `ops.rpc.<service>.<host>.instance`; from then on it
 * answers there, and listens to the heartbeats on its own subject. Nothing is stored, so nothing is left behind by a crash.
 */
export class InstanceGuard {
  readonly #parts: GuardParts
  readonly #rivals: Rivals
  readonly #question: string
  readonly #heartbeats: string
  #attached: NatsConnection | undefined
  #subscriptions: Subscription[] = []
  #lastBeatMs = Number.NEGATIVE_INFINITY
  #done = false

  constructor(parts: GuardParts) {
    this.#parts = parts
    this.#rivals = new Rivals(parts.identity)
    const token = encodeToken(parts.host)
    this.#question = `${parts.bus.namespace}.rpc.${parts.service}.${token}.instance`
    this.#heartbeats = `${parts.bus.namespace}.agent.${token}.${parts.service}`
  }

  /** Before anything is started: throws ConflictError `duplicate_instance` when another one answers. One that is just stopping is waited for. */
  async refuseWhenTaken(): Promise<void> {
    const { service, host } = this.#parts
    for (let waitedMs = 0; ; waitedMs += stoppingPollMs) {
      const others = await this.#ask()
      const other = others.find((one) => one.state !== 'stopping') ?? others[0]
      if (other === undefined) return
      if (other.state !== 'stopping' || waitedMs >= stoppingWaitMs) throw duplicateError(service, host, other)
      await sleep(stoppingPollMs)
    }
  }

  /** Answers and listens from now on, if connected. */
  enter(): void {
    const { connection } = this.#parts.bus
    // The client keeps its subscriptions when it reconnects by itself.
    if (this.#done || connection === undefined || this.#attached === connection) return
    this.#attached = connection
    this.#subscriptions = [
      connection.subscribe(this.#question, {
        callback: (error, message) => (error === null ? this.#answer(message) : this.#complain(error)),
      }),
      connection.subscribe(this.#heartbeats, {
        callback: (error, message) => (error === null ? this.#hear(message) : this.#complain(error)),
      }),
    ]
  }

  /** On each connect: looks whether another one came while the bus was away. */
  async enterAgain(): Promise<void> {
    this.enter()
    for (const other of await this.#ask()) {
      if (other.state === 'stopping') continue
      if (startedFirst(other, this.#parts.identity)) return this.#yieldTo(other)
      this.#sayFirst()
    }
  }

  leave(): void {
    this.#done = true
    for (const subscription of this.#subscriptions) if (!subscription.isClosed()) subscription.unsubscribe()
  }

  #answer(message: Msg): void {
    // Requests that were redirected here, by whatever means, keep their own subject or have nobody to answer.
    if (message.subject !== this.#question || !message.reply) return
    message.respond(JSON.stringify({ ...this.#parts.identity, state: this.#parts.state() }))
  }

  #hear(message: Msg): void {
    const { clock } = this.#parts
    const seen = readMessage(message)
    if (this.#done || message.subject !== this.#heartbeats || seen?.time === undefined || seen.state === undefined) return
    const verdict = this.#rivals.judge({ ...seen, time: seen.time, state: seen.state }, clock.monotonicMs())
    if (verdict === 'go') this.#yieldTo(seen)
    if (verdict === 'stay') this.#sayFirst()
  }

  /** So that the other one learns of us at once. Two that talk past each other must not fill the bus. */
  #sayFirst(): void {
    const { clock, beat } = this.#parts
    if (clock.monotonicMs() - this.#lastBeatMs < minBeatPauseMs) return
    this.#lastBeatMs = clock.monotonicMs()
    beat()
  }

  #yieldTo(other: InstanceIdentity): void {
    if (this.#done) return
    this.#done = true
    const { service, host, onRival } = this.#parts
    onRival(duplicateError(service, host, other))
  }

  /** All other instances that answer; none when the bus is away. An instance whose process is gone has no subscription and costs no wait. */
  async #ask(): Promise<(InstanceIdentity & { state?: string })[]> {
    const { bus, identity } = this.#parts
    const { connection } = bus
    if (connection === undefined) return []
    const others: (InstanceIdentity & { state?: string })[] = []
    try {
      for await (const answer of await connection.requestMany(this.#question, '{}', {
        strategy: 'stall',
        stall: answerStallMs,
        maxWait: maxAnswerWaitMs,
      })) {
        const other = readMessage(answer)
        if (other !== undefined && other.instance !== identity.instance) others.push(other)
      }
    } catch (error) {
      this.#complain(error)
    }
    return others
  }

  #complain(error: unknown): void {
    if (!this.#done) this.#parts.log.debug({ reason: describeError(error) }, 'cannot see whether another instance runs')
  }
}

function readMessage(message: Msg): ReturnType<typeof readIdentity> {
  if (message.data.byteLength > maxMessageBytes) return undefined
  try {
    return readIdentity(message.json())
  } catch {
    return undefined
  }
}

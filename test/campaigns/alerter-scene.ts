import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { isoTime } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { startMoodyReceiver, type MoodyReceiver } from './moody-receiver.ts'
import { readStream, withoutCopies, type StoredEvent } from './read-stream.ts'
import { startProcess, waitUntil, type ServiceProcess } from './service-process.ts'

const ackTimeoutMs = 1000
const tries = 60

/** Alerters as processes of their own on a real broker, somebody who tells of checks as collectors do, and a receiver with moods. */
export class AlerterScene {
  readonly server: NatsServer
  readonly receiver: MoodyReceiver
  readonly replicas = new Map<string, ServiceProcess>()
  /** `<host> <check> firing`, one for each transition that was published. */
  readonly expected: string[] = []
  readonly #folder: string
  readonly #shards: number
  readonly #connection: NatsConnection
  /** Where in its log the last run of a replica begins. */
  readonly #startedAt = new Map<string, number>()
  readonly #heardOnBus = new Set<string>()
  #lastOnBusMs = 0
  readonly #failing = new Set<string>()

  static async open(folder: string, random: () => number, shards = 1): Promise<AlerterScene> {
    const server = await startNats()
    const connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
    await bootstrap(connection, baseConfigSchema.parse({}).streams)
    return new AlerterScene(folder, { server, connection, receiver: await startMoodyReceiver(random), shards })
  }

  private constructor(folder: string, parts: { server: NatsServer; connection: NatsConnection; receiver: MoodyReceiver; shards: number }) {
    this.#folder = folder
    this.#shards = parts.shards
    this.server = parts.server
    this.receiver = parts.receiver
    this.#connection = parts.connection
    parts.connection.subscribe('ops.alert.*.check-failing.*', {
      callback: (_, message) => {
        const { id } = message.json<{ id: string }>()
        if (this.#heardOnBus.has(id)) return
        this.#heardOnBus.add(id)
        this.#lastOnBusMs = performance.now()
      },
    })
  }

  /** Starts `nightshift run alerter` on this host. */
  start(host: string): void {
    const file = join(this.#folder, `${host}.yaml`)
    const config = {
      host,
      state_dir: join(this.#folder, `state-${host}`),
      nats: { servers: [this.server.url] },
      http: { port: 0 },
      alerter: {
        shards: this.#shards,
        // Checks flip as fast as they can, on hosts that never tell of themselves.
        flapping: { enabled: false },
        channels: { hook: { kind: 'webhook', url: this.receiver.url, timeout: '500ms' } },
        // One message for each step of each alert, so that what was heard can be compared with what was said.
        route: { group_by: ['alert'], group_interval: '0s' },
      },
    }
    this.#startedAt.set(host, this.#logOf(host).length)
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
    this.replicas.set(host, startProcess(host, ['run', 'alerter', '--config', file], this.#folder))
  }

  /** Waits until the run that was started last has read its state and judges. */
  async untilAtWork(host: string): Promise<void> {
    const isAtWork = (): boolean => this.#logOf(host).slice(this.#startedAt.get(host)).includes('the alerter is at work')
    await waitUntil(`the alerter on ${host} is at work`, isAtWork, 20_000)
  }

  isConnected(host: string): boolean {
    return this.#logOf(host).slice(this.#startedAt.get(host)).includes('connected to the bus')
  }

  async kill(host: string): Promise<void> {
    await this.replicas.get(host)?.kill('SIGKILL')
    this.replicas.delete(host)
  }

  /** A check turns round. Resolves when the broker has it; while the broker is away it is sent again under the same id. */
  async flip(host: string, check: string): Promise<void> {
    const name = `${host} ${check}`
    const state = this.#failing.has(name) ? 'ok' : 'failing'
    if (state === 'failing') this.#failing.add(name)
    else this.#failing.delete(name)
    this.expected.push(`${name} ${state === 'ok' ? 'resolved' : 'firing'}`)
    const id = newId(Date.now())
    const about = { v: 1, id, time: isoTime(Date.now()), host, source: `collector@${host}`, correlation_id: id, check, kind: 'http' }
    const error = state === 'failing' ? 'connection refused' : null
    const event = { ...about, state, previous: null, consecutive: 1, error, check_event_id: null }
    const options = { timeout: ackTimeoutMs, headers: headers() }
    options.headers.set('Nats-Msg-Id', id)
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#connection.request(buildSubject({ kind: 'health', host, check }), JSON.stringify(event), options)
        return
      } catch (refusal) {
        if (attempt === tries) throw refusal
        await delay(100)
      }
    }
  }

  /** Alert events of the stream, but for what a standing alerter says of itself. */
  async said(): Promise<StoredEvent[]> {
    const stored = await readStream(this.#connection, 'EVENTS', 'ops.alert.*.check-failing.*')
    return stored.filter(({ event }) => event['phase'] === 'firing' || event['phase'] === 'resolved')
  }

  /** Host of the replica that has each shard; empty for a free one. */
  async owners(): Promise<string[]> {
    const numbers = Array.from({ length: this.#shards }, (_, number) => number)
    return await Promise.all(
      numbers.map(async (number) => {
        const wanted = JSON.stringify({ last_by_subj: `$KV.ops_locks.alerter.shard-${number}` })
        const reply = await this.#connection.request('$JS.API.STREAM.MSG.GET.KV_ops_locks', wanted, { timeout: 5000 })
        const data = reply.json<{ message?: { data?: string } }>().message?.data
        if (data === undefined) return ''
        const { data: lease } = JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as { data: { holder: string } }
        return lease.holder.replace('alerter@', '')
      }),
    )
  }

  /** performance.now() of the last alert event, once there is one for each transition. */
  async allSaidMs(deadlineMs: number): Promise<number> {
    await waitUntil('every transition is told of', () => this.#heardOnBus.size >= this.expected.length, deadlineMs)
    return this.#lastOnBusMs
  }

  /** Waits until everything was said and heard; what is wrong with it then, in words. */
  async judge(deadlineMs: number): Promise<string[]> {
    this.receiver.moodiness = 0
    const expected = this.expected.toSorted()
    let said: StoredEvent[] = []
    const isAll = async (): Promise<boolean> => {
      said = withoutCopies(await this.said())
      const heard = new Set(this.receiver.taken.map(({ alert }) => alert['id']))
      return said.length >= expected.length && said.every(({ event }) => heard.has(event.id))
    }
    const violations: string[] = []
    await waitUntil('everything is said and heard', isAll, deadlineMs).catch((error: unknown) => violations.push(String(error)))
    // What comes twice comes soon.
    await delay(500)
    said = await this.said()
    if (withoutCopies(said).length !== said.length)
      violations.push(`${said.length - withoutCopies(said).length} alert events are twice in the stream`)
    const lines = withoutCopies(said).map(({ event }) => lineOf(event))
    if (lines.toSorted().join() !== expected.join())
      violations.push(`${expected.length} alert events were expected; ${describeDifference(expected, lines)}`)
    const heard = Map.groupBy(this.receiver.taken, ({ key }) => key)
    const heardIds = new Set(this.receiver.taken.map(({ alert }) => alert['id']))
    const lost = withoutCopies(said).filter(({ event }) => !heardIds.has(event.id))
    if (lost.length > 0)
      violations.push(
        `${lost.length} notifications are lost: ${lost
          .slice(0, 3)
          .map(({ event }) => lineOf(event))
          .join(', ')}`,
      )
    // A copy that nobody was told of has to come again.
    const often = [...heard.values()].filter((copies) => copies.filter(({ isAnswered }) => isAnswered).length > 2)
    if (often.length > 0) violations.push(`${often.length} notifications came more than twice`)
    if (heard.size !== said.length) {
      const keysOf = Map.groupBy(heard.entries(), ([, [first]]) => first?.alert['id'])
      const wrong = [...keysOf].filter(([id, messages]) => messages.length > 1 || !withoutCopies(said).some(({ event }) => event.id === id))
      const keys = wrong.flatMap(([, messages]) => messages.map(([key, [first]]) => `${key} (${lineOf(first?.alert ?? {})})`))
      violations.push(`${said.length} alert events, but ${heard.size} different messages: ${keys.slice(0, 4).join(', ')}`)
    }
    return violations
  }

  get copies(): number {
    return this.receiver.taken.length - new Set(this.receiver.taken.map(({ key }) => key)).size
  }

  /** What a replica logged, all its runs; empty before the first. */
  #logOf(host: string): string {
    const file = join(this.#folder, `${host}.log`)
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  async close(): Promise<void> {
    await Promise.all([...this.replicas.values()].map(async (replica) => await replica.kill('SIGKILL')))
    await this.#connection.close()
    await Promise.all([this.receiver.stop(), this.server.stop()])
  }
}

function lineOf(event: Record<string, unknown>): string {
  return `${String(event['host'])} ${(event['labels'] as Record<string, string> | undefined)?.['check']} ${String(event['phase'])}`
}

function describeDifference(expected: readonly string[], actual: readonly string[]): string {
  const rest = [...actual]
  const missing = expected.filter((line) => {
    const at = rest.indexOf(line)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  return `missing: ${missing.slice(0, 3).join(', ') || 'none'}; too many: ${rest.slice(0, 3).join(', ') || 'none'}`
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { isoTime, systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { HealthEvent } from '@nightshift/shared/events/health'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { newId } from '@nightshift/shared/ids'
import type { ServiceHandle } from '@nightshift/shared/service/handle'
import { startService } from '@nightshift/shared/service/lifecycle'
import { buildSubject } from '@nightshift/shared/subjects'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { alerterConfigSchema, type AlerterConfig } from '../src/config.ts'
import { alerter } from '../src/service.ts'
import { silentLog } from './silent-log.ts'

export const base = (server: NatsServer) => baseConfigSchema.parse({ nats: { servers: [server.url] } })

/** A real broker with its streams, somebody who publishes as a collector does, and everything that stands in EVENTS. */
export class AlerterBed {
  readonly server: NatsServer
  readonly folder: string
  readonly bus: Bus
  readonly received: Received[] = []
  #started = 0
  readonly #alerters = new Set<ServiceHandle<AlerterConfig>>()

  static async open(): Promise<AlerterBed> {
    const server = await startNats()
    const bed = new AlerterBed(server)
    await bed.provision()
    await bed.bus.ready()
    bed.bus.follow({
      stream: 'EVENTS',
      name: 'test_reader',
      after: 0,
      handle: (message) => void bed.received.push(parseEvent(message.subject, message.data)),
    })
    return bed
  }

  private constructor(server: NatsServer) {
    this.server = server
    this.folder = mkdtempSync(join(tmpdir(), 'nightshift-alerter-'))
    const about = { service: 'collector', host: 'test', instance: newId(Date.now()), version: '0.0.0' }
    const needs = { streams: ['METRICS', 'EVENTS', 'DEAD'], buckets: ['alerts', 'outbox', 'locks', 'silences', 'acks'] } as const
    this.bus = openBus(
      { ...base(server).nats, ...about, spoolDir: join(this.folder, 'test-spool'), needs },
      { clock: systemClock, log: silentLog },
    )
  }

  /** Makes streams and buckets, as an admin does. */
  async provision(): Promise<void> {
    const admin = openBus(
      {
        servers: [this.server.url],
        service: 'admin',
        host: 'test',
        instance: 'admin',
        version: '0',
        spoolDir: null,
        needs: { streams: [], buckets: [] },
      },
      { clock: systemClock, log: silentLog },
    )
    await admin.ready()
    const { connection } = admin
    if (connection === undefined) throw new Error('the broker went away')
    await bootstrap(connection, base(this.server).streams)
    await admin.close()
  }

  async removeStream(name: string): Promise<void> {
    const reply = await this.bus.connection?.request(`$JS.API.STREAM.DELETE.${name}`)
    if (reply?.json<{ success?: boolean }>().success !== true) throw new Error(`${name} was not removed`)
  }

  async start(config: unknown, host = 'hub'): Promise<ServiceHandle<AlerterConfig>> {
    const handle = await startService(alerter, {
      base: base(this.server),
      config: alerterConfigSchema.parse(config),
      stateDir: join(this.folder, `alerter-${host}-${this.#started++}`),
      host,
      version: '0.0.0',
      log: silentLog,
    })
    this.#alerters.add(handle)
    return handle
  }

  /** An alerter that works: it has the lease, and has read the past. */
  async startWorking(config: unknown): Promise<ServiceHandle<AlerterConfig>> {
    const handle = await this.start(config)
    await until(
      () => handle.state === 'ready',
      () => handle.notReady(),
    )
    return handle
  }

  metric(group: string, fields: Record<string, number | null>, host = 'web-1', atMs = Date.now()): string {
    const id = newId(Date.now())
    const event = { v: 1, id, time: isoTime(atMs), host, source: `collector@${host}`, correlation_id: id, group, fields }
    this.bus.publishMetric(buildSubject({ kind: 'metric', host, group }), event)
    return id
  }

  async health(state: HealthEvent['state'], check = 'web', host = 'web-1', atMs = Date.now()): Promise<HealthEvent> {
    const id = newId(Date.now())
    const event: HealthEvent = {
      v: 1,
      id,
      time: isoTime(atMs),
      host,
      source: `collector@${host}`,
      correlation_id: `correlation-${id}`,
      check,
      kind: 'http',
      state,
      previous: null,
      consecutive: 3,
      error: state === 'failing' ? 'connection refused' : null,
      check_event_id: null,
    }
    await this.bus.publishEvent(buildSubject({ kind: 'health', host, check }), event)
    return event
  }

  get alerts(): AlertEvent[] {
    return this.received.flatMap((message) => (message.kind === 'alert' ? [message.event] : []))
  }

  get notifies(): NotifyEvent[] {
    return this.received.flatMap((message) => (message.kind === 'notify' ? [message.event] : []))
  }

  /** `cpu-high firing`, in the order of the stream. */
  get phases(): string[] {
    return this.alerts.map((event) => `${event.rule} ${event.phase}`)
  }

  /** Ends every alerter, as a restart does. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#alerters].map((handle) => handle.stop(3000)))
    this.#alerters.clear()
  }

  async close(): Promise<void> {
    await this.stopAll()
    await this.bus.close(500)
    await this.server.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Waits until the condition holds; fails with what was seen last. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  seen: () => unknown = () => '',
  deadlineMs = 15_000,
): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms; seen: ${JSON.stringify(seen())}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

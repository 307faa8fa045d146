import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import type { HealEvent } from '@nightshift/shared/events/heal'
import type { HealthEvent } from '@nightshift/shared/events/health'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { newId } from '@nightshift/shared/ids'
import { createLog } from '@nightshift/shared/service/log'
import type { RunningService } from '@nightshift/shared/service/service'
import { buildSubject } from '@nightshift/shared/subjects'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { healerConfigSchema, type HealerConfig } from '../src/config.ts'
import { healer } from '../src/service.ts'

export const host = 'web-1'

/** A healer that was started as its process starts it, but for the process. */
export interface StartedHealer {
  service: RunningService<HealerConfig>
  bus: Bus
  stop(): Promise<void>
}

export async function startHealer(url: string, stateDir: string, config: unknown): Promise<StartedHealer> {
  const log = createLog({ service: 'healer', host, write: (line) => appendFileSync(join(stateDir, 'log'), line) })
  const identity = { host, instance: newId(Date.now()), version: '0.0.0' }
  const nats = { servers: [url], spoolDir: join(stateDir, 'spool') }
  const bus = openBus(
    { ...nats, ...identity, service: 'healer', needs: { streams: ['EVENTS', 'AUDIT', 'DEAD'], buckets: ['locks', 'control'] } },
    { clock: systemClock, log },
  )
  const service = await healer.start({
    ...identity,
    name: 'healer',
    source: `healer@${host}`,
    clock: systemClock,
    log,
    bus,
    stateDir,
    base: baseConfigSchema.parse({}),
    config: healerConfigSchema.parse(config),
  })
  const stop = async (): Promise<void> => {
    await service.stop()
    await bus.close()
  }
  return { service, bus, stop }
}

/** A broker, a collector that answers from a folder (`<check>.up` is there: it passes), and everything that was said on the bus. */
export class HealerRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'nightshift-healer-'))
  readonly stateDir = join(this.folder, 'state')
  readonly said: Received[] = []
  readonly server: NatsServer
  readonly admin: Bus
  private collector: Bus | undefined
  private readonly healers: StartedHealer[] = []

  private constructor(server: NatsServer) {
    this.server = server
    this.admin = this.open('admin')
    mkdirSync(this.stateDir)
  }

  static async start(): Promise<HealerRig> {
    const rig = new HealerRig(await startNats())
    await rig.admin.ready()
    await bootstrap(must(rig.admin.connection), baseConfigSchema.parse({}).streams)
    for (const [stream, filter] of [
      ['EVENTS', 'ops.heal.>'],
      ['AUDIT', 'ops.audit.healer'],
      ['DEAD', 'ops.dead.healer'],
    ] as const) {
      rig.admin.follow({
        stream,
        name: 'rig',
        filter,
        after: 0,
        handle: ({ subject, data }) => void rig.said.push(parseEvent(subject, data)),
      })
    }
    rig.startCollector()
    return rig
  }

  /** Answers `check` as the real one does. */
  startCollector(): void {
    const collector = this.open('collector')
    collector.serve([
      {
        verb: 'check',
        description: 'a check from a folder',
        handle: async (request) => {
          const { check } = request as { check: string }
          const ok = existsSync(join(this.folder, `${check}.up`))
          return { ok, error: ok ? null : 'connection refused' }
        },
      },
    ])
    this.collector = collector
  }

  async stopCollector(): Promise<void> {
    await this.collector?.close()
    this.collector = undefined
  }

  async heal(playbooks: Record<string, unknown>): Promise<StartedHealer> {
    const started = await startHealer(this.server.url, this.stateDir, { playbooks })
    this.healers.push(started)
    return started
  }

  /** A playbook that notes each run of its command; `then` is further shell, with the folder as `$1`. */
  playbook(then: string, change: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      when: { check: 'web' },
      mode: 'auto',
      run: ['sh', '-c', `echo "$NIGHTSHIFT_ATTEMPT" >> "$1/acts"; ${then}`, 'sh', this.folder],
      backoff: ['0s', '50ms'],
      verify: { passes: 2, within: '400ms', every: '100ms' },
      ...change,
    }
  }

  /** The attempts whose command has run. */
  acts(): string[] {
    const path = join(this.folder, 'acts')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }

  setUp(check: string, isUp: boolean): void {
    const path = join(this.folder, `${check}.up`)
    if (isUp) writeFileSync(path, '')
    else rmSync(path, { force: true })
  }

  health(change: Partial<HealthEvent> = {}): HealthEvent {
    const now = Date.now()
    return {
      v: 1,
      id: newId(now),
      time: new Date(now).toISOString(),
      host,
      source: `collector@${host}`,
      correlation_id: newId(now),
      check: 'web',
      kind: 'http',
      state: 'failing',
      previous: 'ok',
      consecutive: 3,
      error: 'connection refused',
      check_event_id: null,
      ...change,
    }
  }

  async tell(event: HealthEvent): Promise<HealthEvent> {
    await this.admin.publishEvent(buildSubject({ kind: 'health', host: event.host, check: event.check }), event)
    return event
  }

  /** Bytes on a subject, without the care that the bus takes. */
  async tellRaw(subject: string, payload: string): Promise<void> {
    must(this.admin.connection).publish(subject, payload)
    await must(this.admin.connection).flush()
  }

  heals(): HealEvent[] {
    return this.said.flatMap((received) => (received.kind === 'heal' ? [received.event] : []))
  }

  phases(): string[] {
    return this.heals().map((event) => event.phase)
  }

  async untilPhase(phase: string, withinMs = 10_000): Promise<HealEvent> {
    await until(
      () => this.phases().includes(phase),
      withinMs,
      () => `phase ${phase}; told were ${this.phases().join(', ') || 'none'}`,
    )
    return must(this.heals().find((event) => event.phase === phase))
  }

  async stop(): Promise<void> {
    for (const started of this.healers) await started.stop()
    await this.stopCollector()
    await this.admin.close()
    await this.server.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private open(service: string): Bus {
    const log = createLog({ service, host, level: 'critical', write: () => {} })
    const identity = { service, host, instance: newId(Date.now()), version: '0.0.0' }
    return openBus(
      { servers: [this.server.url], ...identity, spoolDir: null, needs: { streams: [], buckets: [] } },
      { clock: systemClock, log },
    )
  }
}

export async function until(condition: () => boolean, withinMs: number, what: () => string): Promise<void> {
  for (const deadline = Date.now() + withinMs; !condition();) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it should be there')
  return value
}

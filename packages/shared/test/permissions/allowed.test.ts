import { execFile } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { jetstream } from '@nats-io/jetstream'
import { Svcm } from '@nats-io/services'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Bus, BucketSchema, RawMessage } from '../../src/bus/bus.ts'
import { openBus } from '../../src/bus/open-bus.ts'
import { systemClock } from '../../src/clock.ts'
import { newId } from '../../src/ids.ts'
import { createLog } from '../../src/service/log.ts'
import { needsOf } from '../../src/service/needs.ts'
import { startService } from '../../src/service/lifecycle.ts'
import { startOptions, stubService } from '../service/stub-service.ts'
import { eventually, overhear } from './attempts.ts'
import { identities, startGuardedBus, type GuardedBus } from './guarded-bus.ts'

type ServiceLogin = 'collector' | 'otherCollector' | 'healer' | 'backup' | 'alerter' | 'reporter'

const anything: BucketSchema<unknown> = { version: 1, read: (value) => value }
const log = createLog({ service: 'test', host: 'web-1', level: 'critical', write: () => undefined })
const event = (): { id: string } => ({ id: newId(Date.now()) })

describe('what each user can do, through the very bus that the services use', () => {
  let guarded: GuardedBus
  let operator: NatsConnection
  const open: Bus[] = []

  beforeAll(async () => {
    guarded = await startGuardedBus()
    operator = await guarded.as('operator')
  })
  afterEach(async () => {
    const denied = open.map((bus) => bus.stats().permissionErrors)
    await Promise.all(open.splice(0).map((bus) => bus.close(1000)))
    if (denied.some((count) => count > 0)) throw new Error('the server denied something of what this test did')
  })
  afterAll(async () => await guarded.stop())

  async function busOf(login: ServiceLogin): Promise<Bus> {
    const { service, host } = identities[login]
    const options = {
      ...guarded.natsConfig(login),
      service,
      host,
      instance: newId(Date.now()),
      version: '0.0.1',
      spoolDir: null,
      needs: needsOf(service),
    }
    const bus = openBus(options, { clock: systemClock, log })
    open.push(bus)
    await bus.ready(AbortSignal.timeout(10_000))
    return bus
  }

  it('a collector publishes metrics, checks, logs and its heartbeat, and transitions and dead letters that the streams acknowledge', async () => {
    const collector = await busOf('collector')
    const ear = await overhear(guarded.admin, 'ops.>')
    const subjects = [
      'ops.metric.web-1.cpu',
      'ops.check.web-1.web',
      'ops.agent.web-1.collector',
      'ops.log.web-1.sshd.error',
      'ops.progress.web-1.scan',
    ]
    for (const subject of subjects) collector.publishMetric(subject, {})
    expect(await collector.publishEvent('ops.health.web-1.web', event())).toBe('acknowledged')
    await collector.deadLetter({ subject: 'x', data: new Uint8Array() }, new Error('broken'))
    await eventually(() =>
      expect(ear.heard.map((line) => line.split(' ', 1).join()).toSorted()).toEqual(
        [...subjects, 'ops.dead.collector', 'ops.health.web-1.web'].toSorted(),
      ),
    )
    await ear.stop()
  })

  it('a transition that is sent twice is stored once, through the door as well', async () => {
    const collector = await guarded.as('collector')
    const id = newId(Date.now())
    const first = await jetstream(collector).publish('ops.health.web-1.web', '{}', { msgID: id })
    const second = await jetstream(collector).publish('ops.health.web-1.web', '{}', { msgID: id })
    expect([first.duplicate, second.duplicate, second.seq]).toEqual([false, true, first.seq])
  })

  it('a collector answers the operator and the healer of its host', async () => {
    const collector = await busOf('collector')
    collector.serve([{ verb: 'check', description: 'Runs a check', handle: async (request) => ({ got: request }) }])
    const healer = await busOf('healer')
    await eventually(async () =>
      expect(await healer.request('ops.rpc.collector.web-1.check', { check: 'web' })).toEqual({ got: { check: 'web' } }),
    )
    expect((await operator.request('ops.rpc.collector.web-1.check', '{"check":"db"}')).json()).toEqual({ got: { check: 'db' } })
  })

  it('a healer works off the transitions of its host and no others', async () => {
    const [collector, other, healer] = [await busOf('collector'), await busOf('otherCollector'), await busOf('healer')]
    const seen: RawMessage[] = []
    healer.consume({
      stream: 'EVENTS',
      durable: 'healer_web-1',
      filter: 'ops.health.web-1.*',
      startAt: 'new',
      handle: async (message) => void seen.push(message),
    })
    const ids = [event(), event(), event()]
    // The consumer begins with what comes after it was made.
    await eventually(async () => {
      await collector.publishEvent('ops.health.web-1.first', event())
      expect(seen.length).toBeGreaterThan(0)
    })
    await other.publishEvent('ops.health.db-1.web', event())
    for (const each of ids) await collector.publishEvent('ops.health.web-1.web', each)
    await eventually(() => expect(seen.filter((message) => message.subject === 'ops.health.web-1.web')).toHaveLength(3))
    expect(new Set(seen.map((message) => message.subject.split('.')[2]))).toEqual(new Set(['web-1']))
  })

  it('a healer takes, keeps and gives back the lock of a playbook, and sees the switches that stop it', async () => {
    const healer = await busOf('healer')
    const lease = await healer.acquireLease({ key: 'healer.web-1.restart-web', holder: 'healer@web-1' })
    expect(lease.holds()).toBe(true)
    await lease.release()
    const again = await healer.acquireLease({ key: 'healer.web-1.restart-web', holder: 'healer@web-1' })
    expect(again.token).toBeGreaterThan(lease.token)
    await again.release()
    const control = await healer.bucket('control', anything)
    expect(await control.get('kill_switch')).toBeUndefined()
    await guarded.admin.request('$KV.ops_control.kill_switch', '{"v":1,"data":{"active":true}}')
    expect((await control.get('kill_switch'))?.value).toEqual({ active: true })
    expect(await control.get('hold.web-1')).toBeUndefined()
  })

  it('a healer publishes what it does, and why it did not', async () => {
    const healer = await busOf('healer')
    for (const subject of ['ops.heal.web-1.restart-web.acting', 'ops.audit.healer', 'ops.dead.healer'])
      expect(await healer.publishEvent(subject, event())).toBe('acknowledged')
  })

  it('a backup service tells of its runs, has the lock of a job, holds the healer of its host and answers the operator', async () => {
    const backup = await busOf('backup')
    for (const subject of ['ops.backup.web-1.db.completed', 'ops.audit.backup', 'ops.dead.backup'])
      expect(await backup.publishEvent(subject, event())).toBe('acknowledged')
    const ear = await overhear(guarded.admin, 'ops.progress.>')
    backup.publishCore('ops.progress.web-1.db', { step: 'reading' })
    await eventually(() => expect(ear.heard).toHaveLength(1))
    await ear.stop()
    const lease = await backup.acquireLease({ key: 'backup.web-1.db', holder: 'backup@web-1' })
    expect(lease.holds()).toBe(true)
    await lease.release()
    const control = await backup.bucket('control', anything)
    const hold = await control.get('hold.web-1')
    const revision = await control.put('hold.web-1', { active: true }, hold?.revision ?? 0)
    await control.put('hold.web-1', { active: false }, revision)
    backup.serve([{ verb: 'run', description: 'Runs a job', handle: async (request) => ({ got: request }) }])
    await eventually(async () =>
      expect((await operator.request('ops.rpc.backup.web-1.run', '{"job":"db"}')).json()).toEqual({ got: { job: 'db' } }),
    )
  })

  it('an alerter follows metrics and events of all hosts, by shard', async () => {
    const [alerter, collector] = [await busOf('alerter'), await busOf('otherCollector')]
    const seen: string[] = []
    for (const stream of ['METRICS', 'EVENTS'] as const) {
      const caughtUp = Promise.withResolvers<void>()
      alerter.follow({
        stream,
        name: 'alerter-0',
        after: 'new',
        handle: (message) => void seen.push(message.subject),
        onCaughtUp: () => caughtUp.resolve(),
      })
      await caughtUp.promise
    }
    collector.publishMetric('ops.metric.db-1.cpu', {})
    await collector.publishEvent('ops.health.db-1.web', event())
    await eventually(() => expect(seen.toSorted()).toEqual(['ops.health.db-1.web', 'ops.metric.db-1.cpu']))
  })

  it('an alerter keeps its state, its lease and its outbox, and publishes alerts and notifications', async () => {
    const alerter = await busOf('alerter')
    for (const name of needsOf('alerter').buckets.filter((bucket) => bucket !== 'locks')) {
      const bucket = await alerter.bucket(name, anything)
      const changes: string[] = []
      const watch = await bucket.watch((key) => void changes.push(key))
      const revision = await bucket.put('a.b', { n: 1 }, 0)
      await bucket.put('a.b', { n: 2 }, revision)
      expect((await bucket.get('a.b'))?.value).toEqual({ n: 2 })
      expect((await Array.fromAsync(bucket.entries())).map(([key]) => key)).toEqual(['a.b'])
      await eventually(() => expect(changes.length).toBeGreaterThan(0))
      await bucket.delete('a.b')
      watch.stop()
    }
    const lease = await alerter.acquireLease({ key: 'alerter.shard-0', holder: 'alerter@web-1' })
    await lease.release()
    for (const subject of ['ops.alert.db-1.disk-full.firing', 'ops.notify.slack.delivered', 'ops.audit.alerter']) {
      expect(await alerter.publishEvent(subject, event())).toBe('acknowledged')
    }
  })

  it('a reporter follows every stream, reads the buckets, and publishes reports', async () => {
    const reporter = await busOf('reporter')
    for (const stream of ['METRICS', 'EVENTS', 'LOGS', 'AUDIT', 'DEAD'] as const) {
      const caughtUp = Promise.withResolvers<void>()
      reporter.follow({ stream, name: 'reporter', after: 0, handle: () => undefined, onCaughtUp: () => caughtUp.resolve() })
      await caughtUp.promise
    }
    const control = await reporter.bucket('control', anything)
    const watch = await control.watch(() => undefined)
    await Array.fromAsync(control.entries())
    watch.stop()
    expect(await reporter.publishEvent('ops.report.daily.built', event())).toBe('acknowledged')
  })

  it('every service runs its whole life without being denied anything, and a second one is found', async () => {
    for (const login of ['collector', 'healer', 'alerter', 'reporter'] as const) {
      const { service } = identities[login]
      const base = { ...startOptions(guarded.server.url).base, nats: guarded.natsConfig(login) }
      const options = [startOptions(guarded.server.url, { base }), startOptions(guarded.server.url, { base })] as const
      const handle = await startService(stubService({}, service).definition, options[0])
      try {
        await eventually(() => expect(handle.state).toBe('ready'))
        await expect(startService(stubService({}, service).definition, options[1])).rejects.toMatchObject({ code: 'duplicate_instance' })
        expect(handle.bus.stats().permissionErrors).toBe(0)
      } finally {
        await handle.stop()
        for (const { stateDir } of options) rmSync(stateDir, { recursive: true, force: true })
      }
    }
  })

  it('the operator hears all hosts and all services, and finds and asks each of them', async () => {
    const [collector, alerter] = [await busOf('collector'), await busOf('alerter')]
    collector.serve([{ verb: 'check', description: 'c', handle: async () => 'from the collector' }])
    alerter.serve([{ verb: 'list', description: 'l', handle: async () => 'from the alerter' }])
    const ear = await overhear(operator, 'ops.>')
    collector.publishMetric('ops.metric.web-1.cpu', {})
    await collector.publishEvent('ops.health.web-1.web', event())
    await alerter.publishEvent('ops.alert.web-1.disk-full.firing', event())
    await eventually(() =>
      expect(ear.heard.map((line) => line.split(' ', 1).join()).toSorted()).toEqual([
        'ops.alert.web-1.disk-full.firing',
        'ops.health.web-1.web',
        'ops.metric.web-1.cpu',
      ]),
    )
    await ear.stop()
    await eventually(async () => {
      const found = await Array.fromAsync(await new Svcm(operator).client({ strategy: 'stall', stall: 300, maxWait: 2000 }).info())
      expect(found.map((info) => info.name).toSorted()).toEqual(['alerter', 'collector'])
    })
    expect((await operator.request('ops.rpc.collector.web-1.check', '{}')).json()).toBe('from the collector')
    expect((await operator.request('ops.rpc.alerter.list', '{}')).json()).toBe('from the alerter')
  })

  const cli = findCli()
  it.skipIf(cli === undefined)(
    `the operator looks at streams with the nats CLI${cli === undefined ? ' (skipped: set NATS_CLI to one)' : ''}`,
    async () => {
      const collector = await busOf('collector')
      await collector.publishEvent('ops.health.web-1.cli', event())
      const home = mkdtempSync(join(tmpdir(), 'nightshift-cli-'))
      const { user, pass } = guarded.credentials('operator') as { user: string; pass: string }
      const url = guarded.server.url.replace('//', `//${user}:${pass}@`)
      const nats = async (...args: string[]): Promise<string> =>
        (
          await promisify(execFile)(cli ?? '', ['--server', url, '--timeout', '3s', ...args], {
            env: { HOME: home, PATH: '' },
            timeout: 15_000,
          })
        ).stdout
      try {
        expect(await nats('stream', 'ls', '--names')).toContain('EVENTS')
        expect(await nats('stream', 'info', 'EVENTS')).toContain('ops.health.>')
        expect(await nats('stream', 'get', 'EVENTS', '1')).toContain('ops.health.web-1')
        expect(await nats('sub', '--stream', 'EVENTS', '--all', '--count', '1')).toContain('ops.health.web-1')
        expect(await nats('consumer', 'ls', 'EVENTS')).toBeDefined()
        await expect(nats('pub', 'ops.health.web-1.web', 'forged')).rejects.toThrow(/permission/i)
        await expect(nats('stream', 'purge', '--force', 'EVENTS')).rejects.toThrow(/could not purge/i)
      } finally {
        rmSync(home, { recursive: true, force: true })
      }
    },
  )
})

it('services of hosts go on through their doors when the broker was killed and came back', async () => {
  const guarded = await startGuardedBus()
  const buses: Bus[] = []
  const openFor = (login: 'collector' | 'healer'): Bus => {
    const { service, host } = identities[login]
    const options = {
      ...guarded.natsConfig(login),
      service,
      host,
      instance: newId(Date.now()),
      version: '0.0.1',
      spoolDir: null,
      needs: needsOf(service),
    }
    const bus = openBus(options, { clock: systemClock, log })
    buses.push(bus)
    return bus
  }
  try {
    const [collector, healer] = [openFor('collector'), openFor('healer')]
    await Promise.all(buses.map((bus) => bus.ready()))
    const seen: string[] = []
    const handle = async (message: RawMessage): Promise<void> => void seen.push(message.subject)
    // An acknowledgement that the killed broker did not write down is waited for so long.
    healer.consume({ stream: 'EVENTS', durable: 'healer_web-1', filter: 'ops.health.web-1.*', ackWaitMs: 1000, handle })
    await collector.publishEvent('ops.health.web-1.before', event())
    await eventually(() => expect(seen).toEqual(['ops.health.web-1.before']))
    await guarded.server.restart()
    await collector.publishEvent('ops.health.web-1.after', event())
    await eventually(() => expect(seen.at(-1)).toBe('ops.health.web-1.after'), 15_000)
    expect(buses.map((bus) => bus.stats().permissionErrors)).toEqual([0, 0])
  } finally {
    await Promise.all(buses.map((bus) => bus.close(1000)))
    await guarded.stop()
  }
})

function findCli(): string | undefined {
  const candidates = [process.env['NATS_CLI'] ?? '', ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats'))]
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return path !== ''
    } catch {
      return false
    }
  })
}

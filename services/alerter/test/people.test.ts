import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rpcSubject } from '@nightshift/shared/subjects'
import type { AlertList } from '../src/list-alerts.ts'
import type { Silence } from '../src/silence/silence.ts'
import { shardOfToken } from '../src/shard-place.ts'
import { AlerterBed, until } from './alerter-bed.ts'
import { startReceiver, type Receiver } from './receiver.ts'

let bed: AlerterBed
let receiver: Receiver
beforeEach(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
})
afterEach(async () => {
  await bed.close()
  await receiver.stop()
})

interface Body {
  alert: { fingerprint: string; phase: string; host: string }
  group: { occasion: string; firing: number }
}
const hook = () => ({ hook: { kind: 'webhook', url: receiver.url } })
const ask = <T>(verb: string, request: unknown = {}) => bed.bus.request<T>(rpcSubject('alerter', verb), request)
const told = () => receiver.requests.map(({ body }) => JSON.parse(body) as Body)
const occasions = () => told().map(({ group }) => group.occasion)

describe('silences', () => {
  it('keep people from hearing, end at once when they are told to, and survive a restart', async () => {
    const first = await bed.startWorking({ channels: hook() })
    const matchers = [{ name: 'host', op: '=', value: 'db-*' }]
    const silence = await ask<Silence>('silence', { matchers, duration_seconds: 600, creator: 'kim', comment: 'new disks' })
    expect((await ask<{ silences: Silence[] }>('silences')).silences).toMatchObject([{ id: silence.id, creator: 'kim', matchers }])
    await first.stop()
    await bed.startWorking({ channels: hook() })
    await bed.health('failing', 'postgres', 'db-1')
    await bed.health('failing', 'web', 'web-1')
    await until(() => told().length === 1)
    await until(() => bed.phases.filter((phase) => phase === 'check-failing firing').length === 2)
    expect(told().map(({ alert }) => alert.host)).toEqual(['web-1'])
    await ask('unsilence', { id: silence.id })
    const endedMs = performance.now()
    await until(() => told().length === 2)
    expect(told()[1]).toMatchObject({ alert: { host: 'db-1' }, group: { occasion: 'new' } })
    // The goal is 100 ms; the rest is room for a busy machine.
    expect(performance.now() - endedMs).toBeLessThan(1000)
  })

  it.each([
    [{ matchers: [], duration_seconds: 60, creator: 'kim' }, /say what to silence/],
    [{ matchers: [{ name: 'host', op: '=', value: '*' }], duration_seconds: 60, creator: 'kim' }, /would silence everything/],
    [{ matchers: [{ name: 'host', op: '=', value: 'a' }], creator: 'kim' }, /say for how long/],
    [{ matchers: [{ name: 'host', op: '=', value: 'a' }], end_time: '2020-01-01T00:00:00Z', creator: 'kim' }, /end before it begins/],
  ])('are refused when they make no sense: %j', async (request, message) => {
    await bed.startWorking({ channels: hook() })
    await expect(ask('silence', request)).rejects.toThrow(message)
  })
})

describe('an acknowledgement', () => {
  it('is told once, with its actor, and ends with the occurrence', async () => {
    await bed.startWorking({ channels: hook() })
    await bed.health('failing')
    await until(() => told().length === 1)
    const { fingerprint = '' } = (await ask<AlertList>('list')).alerts[0] ?? {}
    await expect(ask('ack', { alert: 'ffffffff', actor: 'kim' })).rejects.toThrow(/no alert that fires begins with ffffffff/)
    await ask('ack', { alert: fingerprint.slice(0, 6), actor: 'kim', comment: 'on it' })
    await until(() => told().length === 2)
    expect(occasions()).toEqual(['new', 'acked'])
    expect(bed.alerts.find(({ phase }) => phase === 'acked')).toMatchObject({ fingerprint, reason: 'acknowledged by kim: on it' })
    await bed.health('ok')
    await until(() => told().length === 3)
    const acks = await bed.bus.kv('acks')
    await until(async () => (await acks.get(fingerprint))?.operation !== 'PUT')
    await bed.health('failing')
    await until(() => told().length === 4)
    expect(occasions()).toEqual(['new', 'acked', 'resolved', 'new'])
  })
})

describe('acknowledgements of two alerts of one group', () => {
  it('are not said again after a restart', async () => {
    const config = { channels: hook(), route: { group_interval: '0s' } }
    await bed.startWorking(config)
    for (const check of ['web', 'api']) await bed.health('failing', check)
    await until(() => told().at(-1)?.group.firing === 2, occasions)
    for (const { fingerprint } of (await ask<AlertList>('list')).alerts) {
      const before = told().length
      await ask('ack', { alert: fingerprint, actor: 'kim' })
      await until(() => told().length > before, occasions)
    }
    const count = told().length
    await bed.stopAll()
    await bed.startWorking(config)
    await bed.health('failing', 'web', 'web-2')
    await until(() => told().at(-1)?.alert.host === 'web-2', occasions)
    await ask('ack', { alert: told().at(-1)?.alert.fingerprint ?? '', actor: 'lee' })
    await until(() => bed.alerts.at(-1)?.reason === 'acknowledged by lee', occasions)
    await until(() => told().at(-1)?.group.occasion === 'acked', occasions)
    expect(occasions().slice(count)).toEqual(['new', 'acked'])
    expect(bed.phases.filter((phase) => phase.endsWith(' acked'))).toHaveLength(3)
  })
})

describe('a channel that cannot deliver', () => {
  const refusals = Array.from({ length: 20 }, () => ({ status: 400 }))

  it('is not told of any more when it is removed', async () => {
    const other = await startReceiver()
    try {
      receiver.answers.push(...refusals)
      const rest = { other: { kind: 'webhook', url: other.url } }
      await bed.startWorking({ channels: { ...hook(), ...rest } })
      await bed.health('failing')
      await until(() => bed.phases.includes('notification-undeliverable firing'))
      await bed.stopAll()
      await bed.startWorking({ channels: rest })
      await until(
        () => bed.phases.includes('notification-undeliverable resolved'),
        () => bed.phases,
      )
      expect(bed.alerts.findLast(({ rule }) => rule === 'notification-undeliverable')?.reason).toBe('channel removed')
    } finally {
      await other.stop()
    }
  })

  it('is told of by whoever worked before, and ends under the name of that', async () => {
    const other = await startReceiver()
    try {
      receiver.answers.push(...refusals)
      const config = { channels: { ...hook(), other: { kind: 'webhook', url: other.url } } }
      await bed.startWorking(config)
      await bed.health('failing')
      await until(() => bed.phases.includes('notification-undeliverable firing'))
      await bed.stopAll()
      receiver.answers.length = 0
      const next = await bed.start(config, 'hub-2')
      await until(() => next.state === 'ready')
      await bed.health('ok')
      await until(
        () => bed.phases.includes('notification-undeliverable resolved'),
        () => bed.phases,
      )
      const ofIt = bed.alerts.filter(({ rule }) => rule === 'notification-undeliverable')
      expect(ofIt.map(({ host }) => host)).toEqual(['hub', 'hub'])
    } finally {
      await other.stop()
    }
  })

  it('is told of once by several shards that use it', async () => {
    const other = await startReceiver()
    try {
      receiver.answers.push(...refusals, ...refusals)
      await bed.startWorking({ shards: 2, channels: { ...hook(), other: { kind: 'webhook', url: other.url } } })
      const hosts = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6']
      expect(new Set(hosts.map((host) => shardOfToken(host, 2))).size).toBe(2)
      for (const host of hosts) await bed.health('failing', 'web', host)
      const died = () => bed.notifies.filter(({ channel, outcome }) => channel === 'hook' && outcome === 'dead')
      await until(() => died().length >= hosts.length && bed.phases.includes('notification-undeliverable firing'))
      receiver.answers.length = 0
      for (const host of hosts) await bed.health('ok', 'web', host)
      await until(() => bed.phases.includes('notification-undeliverable resolved'))
      expect(bed.phases.filter((phase) => phase.startsWith('notification-undeliverable'))).toHaveLength(2)
    } finally {
      await other.stop()
    }
  })

  it('is told of by the others, until it delivers again', async () => {
    const other = await startReceiver()
    try {
      receiver.answers.push({ status: 400 }, { status: 400 })
      await bed.startWorking({ channels: { ...hook(), other: { kind: 'webhook', url: other.url } } })
      await bed.health('failing')
      const heard = () => other.requests.map(({ body }) => JSON.parse(body) as Body & { alert: { rule: string; summary: string } })
      await until(() => heard().some(({ alert }) => alert.rule === 'notification-undeliverable'))
      const told = heard().find(({ alert }) => alert.rule === 'notification-undeliverable')
      expect(told?.alert.summary).toMatch(/^the channel hook cannot deliver: .*400/)
      await bed.health('ok')
      await until(() => heard().some(({ alert }) => alert.rule === 'notification-undeliverable' && alert.phase === 'resolved'))
      expect(bed.phases.filter((phase) => phase.startsWith('notification-undeliverable'))).toHaveLength(2)
    } finally {
      await other.stop()
    }
  })
})

describe('a drill', () => {
  /** Begins in this minute, or in the next when this one is nearly over. */
  const dueNow = () => {
    const soon = new Date(Date.now() + (Date.now() % 60_000 > 54_000 ? 60_000 : 0))
    return { days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], at: soon.toISOString().slice(11, 16), timezone: 'UTC' }
  }

  it('is a test message that a person confirms by taking it on', async () => {
    await bed.startWorking({ channels: hook(), drill: dueNow() })
    await until(
      () => told().length === 1,
      () => bed.phases,
      80_000,
    )
    expect(bed.alerts.at(-1)).toMatchObject({ rule: 'notification-drill', host: null, severity: 'info' })
    const { fingerprint = '' } = bed.alerts.at(-1) ?? {}
    await ask('ack', { alert: fingerprint, actor: 'kim' })
    await until(() => bed.phases.includes('notification-drill resolved'))
    expect(bed.alerts.at(-1)?.reason).toBe('confirmed by kim')
    expect(bed.phases.filter((phase) => phase.includes('unconfirmed'))).toEqual([])
  }, 40_000)
})

describe('an alert whose rule was removed while nobody worked', () => {
  it('ends for people too', async () => {
    const rules = { failures: { event: 'health.failing', above: { warning: 0 }, over: '1h' } }
    await bed.startWorking({ channels: hook(), default_rules: false, rules })
    await bed.health('failing')
    await until(() => told().length === 1)
    await bed.stopAll()
    await bed.startWorking({ channels: hook(), default_rules: false })
    await until(
      () => told().length === 2,
      () => bed.phases,
      5000,
    )
    expect(occasions()).toEqual(['new', 'resolved'])
  })
})

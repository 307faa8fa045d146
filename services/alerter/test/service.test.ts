import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rpcSubject } from '@nightshift/shared/subjects'
import type { AlertList } from '../src/list-alerts.ts'
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

const secret = 'a-shared-secret'
const hook = () => ({ hook: { kind: 'webhook', url: receiver.url, hmac_secret: secret } })
const list = () => bed.bus.request<AlertList>(rpcSubject('alerter', 'list'), {})
const told = () => receiver.requests.map(({ body }) => JSON.parse(body) as { notification: string; alert: { phase: string; rule: string } })

describe('the alerter', () => {
  it('makes a metric over its threshold pending, then firing, tells it to a webhook, and resolves it', async () => {
    const rules = { hot: { metric: 'cpu.usage_ratio', above: { warning: '85%', critical: '95%' }, for: '2s' } }
    await bed.startWorking({ rules, default_rules: false, channels: hook() })
    const begin = Date.now()
    const first = bed.metric('cpu', { usage_ratio: 0.93 }, 'web-1', begin)
    bed.metric('cpu', { usage_ratio: 0.93 }, 'web-1', begin + 200)
    await until(() => bed.phases.includes('hot pending'))
    bed.metric('cpu', { usage_ratio: 0.93 }, 'web-1', begin + 1999)
    bed.metric('cpu', { usage_ratio: 0.934 }, 'web-1', begin + 2000)
    await until(
      () => receiver.requests.length === 1,
      () => bed.phases,
    )
    expect((await list()).alerts).toMatchObject([{ rule: 'hot', host: 'web-1', phase: 'firing', severity: 'warning' }])
    bed.metric('cpu', { usage_ratio: 0.5 }, 'web-1', begin + 3000)
    await until(
      () => receiver.requests.length === 2 && bed.notifies.length === 2,
      () => bed.phases,
    )

    expect(bed.phases).toEqual(['hot pending', 'hot firing', 'hot resolved'])
    expect(new Set(bed.alerts.map(({ epoch }) => epoch)).size).toBe(1)
    expect(bed.alerts[1]).toMatchObject({
      host: 'web-1',
      source: 'alerter@hub',
      correlation_id: first,
      severity: 'warning',
      summary: 'cpu.usage_ratio on web-1 is 93.4%, above 85% for 2s',
      value: 0.934,
      threshold: 0.85,
      started_time: new Date(begin).toISOString(),
    })
    expect(told().map(({ alert }) => alert.phase)).toEqual(['firing', 'resolved'])
    for (const { headers, body } of receiver.requests) {
      const [, seconds, signature] = /^t=(\d+),v1=(.+)$/.exec(String(headers['nightshift-signature'])) ?? []
      expect(signature).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'))
      expect(headers['idempotency-key']).toBe((JSON.parse(body) as { notification: string }).notification)
    }
    expect(bed.notifies).toMatchObject([
      { channel: 'hook', outcome: 'delivered', attempt: 1, correlation_id: first, notification: expect.stringMatching(/-1-new$/) },
      { channel: 'hook', outcome: 'delivered', attempt: 1, correlation_id: first, notification: expect.stringMatching(/-2-resolved$/) },
    ])
    expect(await list()).toEqual({ alerts: [], total: 0 })
  })

  it('turns the transitions of a check into one critical alert that carries its correlation id', async () => {
    await bed.startWorking({ channels: hook() })
    const failing = await bed.health('failing')
    await until(() => receiver.requests.length === 1)
    await bed.health('unknown')
    await bed.health('ok')
    await until(() => receiver.requests.length === 2)
    expect(bed.phases).toEqual(['check-failing firing', 'check-failing resolved'])
    expect(bed.alerts[0]).toMatchObject({
      severity: 'critical',
      labels: { check: 'web' },
      correlation_id: failing.correlation_id,
      summary: 'web on web-1 is failing: connection refused',
      runbook: 'docs/runbooks/check-failing.md',
    })
    expect(bed.alerts[1]).toMatchObject({ reason: 'recovered', summary: 'web on web-1 is ok', correlation_id: failing.correlation_id })
  })

  it('finds on its first start what has been failing before, and leaves the past alone', async () => {
    await bed.health('failing', 'old')
    await bed.health('ok', 'old')
    await bed.health('failing', 'still')
    await bed.startWorking({ channels: hook() })
    await until(() => receiver.requests.length === 1)
    await bed.health('failing', 'new')
    await until(() => receiver.requests.length === 2)
    expect(bed.alerts.map(({ labels, phase }) => `${labels['check']} ${phase}`)).toEqual(['still firing', 'new firing'])
  })

  it('buries what breaks the contract with its reason, and goes on', async () => {
    const handle = await bed.startWorking({ channels: hook() })
    const { connection } = bed.bus
    const broken = { v: 1, id: 'x', time: new Date().toISOString(), host: 'another', source: 's', correlation_id: 'c', group: 'cpu' }
    connection?.publish('ops.metric.web-1.cpu', JSON.stringify(broken))
    connection?.publish('ops.metric.web-1.cpu', 'not json')
    connection?.publish('ops.health.web-1.web', '{}')
    await bed.health('failing')
    await until(() => receiver.requests.length === 1)
    await until(
      () => handle.bus.stats().deadLettered === 3,
      () => handle.bus.stats(),
    )
    expect(bed.phases).toEqual(['check-failing firing'])
  })

  it('retries a webhook that answers 500, honours Retry-After, and buries what is refused for good', async () => {
    await bed.startWorking({ channels: hook() })
    receiver.answers.push(
      { status: 500 },
      { status: 200 },
      { status: 429, headers: { 'retry-after': '2' } },
      { status: 200 },
      { status: 400 },
    )
    await bed.health('failing', 'a')
    await until(() => receiver.requests.length === 2)
    await until(() => bed.notifies.some(({ outcome }) => outcome === 'delivered'))
    await bed.health('failing', 'b')
    await until(() => receiver.requests.length === 4)
    await until(() => bed.notifies.filter(({ outcome }) => outcome === 'delivered').length === 2)
    await bed.health('failing', 'c')
    await until(
      () => bed.notifies.some(({ outcome }) => outcome === 'dead'),
      () => bed.notifies,
    )
    const [first, second, third, fourth] = receiver.requests
    expect(first?.headers['idempotency-key']).toBe(second?.headers['idempotency-key'])
    expect(first?.body).toBe(second?.body)
    expect((fourth?.atMs ?? 0) - (third?.atMs ?? 0)).toBeGreaterThan(1990)
    // What comes after it tells that the channel cannot deliver.
    const notifies = bed.notifies.slice(0, 5)
    expect(notifies.map(({ outcome, attempt }) => `${outcome} ${attempt}`)).toEqual([
      'deferred 1',
      'delivered 2',
      'deferred 1',
      'delivered 2',
      'dead 1',
    ])
    expect(notifies.at(-1)?.error).toContain('answered 400')
  })

  it('delivers what happened while the webhook was down, also over a restart', async () => {
    await receiver.stop()
    const config = { channels: hook() }
    const alerter = await bed.startWorking(config)
    await bed.health('failing')
    await until(() => bed.notifies.some(({ outcome }) => outcome === 'deferred'))
    await alerter.stop()
    receiver = await startReceiver(receiver.port)
    await bed.startWorking(config)
    await until(
      () => bed.notifies.some(({ outcome }) => outcome === 'delivered'),
      () => bed.notifies,
    )
    expect(receiver.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([bed.notifies[0]?.notification])
    expect(bed.phases).toEqual(['check-failing firing'])
  })

  it('neither forgets nor tells again over a restart', async () => {
    const config = {
      rules: { hot: { metric: 'cpu.usage_ratio', above: '85%', for: '10m' } },
      default_rules: ['check-failing'],
      channels: hook(),
    }
    const begin = Date.now() - 3_600_000
    const first = await bed.startWorking(config)
    await bed.health('failing')
    for (let second = 0; second <= 60; second += 10) bed.metric('cpu', { usage_ratio: 0.9 }, 'web-1', begin + second * 1000)
    await until(
      () => bed.phases.length === 2,
      () => bed.phases,
    )
    await until(() => receiver.requests.length === 1)
    await first.stop()
    for (let second = 70; second < 600; second += 10) bed.metric('cpu', { usage_ratio: 0.9 }, 'web-1', begin + second * 1000)
    await bed.startWorking(config)
    bed.metric('cpu', { usage_ratio: 0.9 }, 'web-1', begin + 600_000)
    await until(
      () => receiver.requests.length === 2,
      () => bed.phases,
    )
    expect(bed.phases.toSorted()).toEqual(['check-failing firing', 'hot firing', 'hot pending'])
    expect(bed.alerts.find(({ rule, phase }) => rule === 'hot' && phase === 'firing')?.started_time).toBe(new Date(begin).toISOString())
  })

  it('takes a changed configuration without losing alerts, and ends those whose rule is gone', async () => {
    const handle = await bed.startWorking({ rules: { down: { check: 'web' } }, channels: hook() })
    await bed.health('failing')
    await until(() => receiver.requests.length === 1)
    const { alerterConfigSchema } = await import('../src/config.ts')
    await handle.reload(
      alerterConfigSchema.parse({
        rules: { 'web-down': { check: 'web', severity: 'warning' } },
        channels: { hook2: { kind: 'webhook', url: `${receiver.url}2` } },
      }),
    )
    await until(() => bed.phases.length === 3)
    expect(bed.alerts.map(({ rule, phase, severity, reason }) => [rule, phase, severity, reason].join(' '))).toEqual([
      'down firing critical ',
      'down resolved critical rule removed',
      'web-down firing warning ',
    ])
    await until(() => receiver.requests.length === 3)
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/hook', '/hook2', '/hook2'])
  })
})

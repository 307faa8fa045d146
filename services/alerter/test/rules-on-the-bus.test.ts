import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import { alerterConfigSchema } from '../src/config.ts'
import { AlerterBed, until } from './alerter-bed.ts'

let bed: AlerterBed
beforeEach(async () => {
  bed = await AlerterBed.open()
})
afterEach(async () => {
  await bed.close()
})

const marker = { metric: 'app_marker.n', above: 0 }
const only = (rules: Record<string, unknown>) => ({ rules: { ...rules, marker }, default_rules: false, channels: {} })

let marks = 0
/** Waits until the alerter has worked off everything that was published on METRICS until now. */
async function passed(): Promise<void> {
  const host = `marker-${marks++}`
  bed.metric('app_marker', { n: 1 }, host)
  await until(() => bed.alerts.some((event) => event.host === host))
}

const alerts = () => bed.alerts.filter(({ rule }) => rule !== 'marker')
const phases = () => alerts().map(({ rule, phase }) => `${rule} ${phase}`)

describe('windows', () => {
  const busy = only({ busy: { metric: 'cpu.usage_ratio', take: 'avg', over: '1m', above: '85%' } })

  it('are filled again from METRICS after a restart: the alert fires with the next sample', async () => {
    const startMs = Date.now() - 120_000
    const first = await bed.startWorking(busy)
    for (let at = 0; at < 50; at += 10) bed.metric('cpu', { usage_ratio: 1 }, 'web-1', startMs + at * 1000)
    await passed()
    await first.stop(3000)
    expect(phases()).toEqual([])
    await bed.startWorking(busy)
    bed.metric('cpu', { usage_ratio: 1 }, 'web-1', startMs + 50_000)
    await until(() => phases().length > 0)
    expect(phases()).toEqual(['busy firing'])
  })

  it('are filled by a reader of each shard, so that none takes the place of another', async () => {
    const readers = new Set<string>()
    const made = bed.bus.connection?.subscribe('$JS.EVENT.ADVISORY.CONSUMER.CREATED.METRICS.*', {
      callback: (_error, message) => void readers.add(message.subject.slice(message.subject.lastIndexOf('.') + 1)),
    })
    await bed.startWorking({ ...busy, shards: 2 })
    await until(
      () => readers.size >= 4,
      () => [...readers],
    )
    made?.unsubscribe()
    expect(readers).toEqual(new Set(['alerter-0', 'alerter-1', 'alerter-past-0', 'alerter-past-1']))
  })

  it('are filled from METRICS for a rule that is new', async () => {
    const startMs = Date.now() - 120_000
    const handle = await bed.startWorking(only({}))
    for (let at = 0; at < 50; at += 10) bed.metric('cpu', { usage_ratio: 1 }, 'web-1', startMs + at * 1000)
    await passed()
    await handle.reload(alerterConfigSchema.parse(busy))
    await until(() => handle.state === 'ready' && handle.notReady().length === 0)
    bed.metric('cpu', { usage_ratio: 1 }, 'web-1', startMs + 50_000)
    await until(() => phases().length > 0)
    expect(phases()).toEqual(['busy firing'])
  })

  it('that cannot be filled hold: nothing fires, and nothing that fires resolves', async () => {
    const startMs = Date.now() - 3_600_000
    const first = await bed.startWorking(busy)
    for (let at = 0; at <= 60; at += 10) bed.metric('cpu', { usage_ratio: 1 }, 'web-1', startMs + at * 1000)
    await until(() => phases().includes('busy firing'))
    await first.stop(3000)
    await bed.removeStream('METRICS')
    await bed.provision()
    await bed.startWorking(busy)
    for (let at = 0; at < 50; at += 10) bed.metric('cpu', { usage_ratio: 0 }, 'web-1', startMs + 600_000 + at * 1000)
    await passed()
    expect(phases()).toEqual(['busy firing'])
    bed.metric('cpu', { usage_ratio: 0 }, 'web-1', startMs + 650_000)
    await until(() => phases().includes('busy resolved'))
  })
})

describe('what is not heard of', () => {
  const quiet = only({ quiet: { metric: 'app_ws.clients', absent: '2s' }, lazy: { check: 'job-*', absent: '2s', severity: 'warning' } })
  let ticker: NodeJS.Timeout
  beforeEach(() => {
    ticker = setInterval(() => bed.metric('cpu', { usage_ratio: 0.1 }, 'web-2'), 200)
  })
  afterEach(() => clearInterval(ticker))

  function ran(check: string): void {
    const id = newId(Date.now())
    const event = {
      v: 1,
      id,
      time: isoTime(Date.now()),
      host: 'web-1',
      source: 'collector@web-1',
      correlation_id: id,
      check,
      kind: 'exec',
      ok: true,
    }
    bed.bus.publishMetric(buildSubject({ kind: 'check', host: 'web-1', check }), { ...event, latency_seconds: 1, error: null, detail: {} })
  }

  it('is told of where it was heard of once, goes on over a restart, and ends when it is heard of again', async () => {
    const first = await bed.startWorking(quiet)
    bed.metric('app_ws', { clients: 3 })
    ran('job-a')
    await until(() => phases().length === 2)
    expect(phases().toSorted()).toEqual(['lazy firing', 'quiet firing'])
    const told = alerts().map(({ summary, severity, labels }) => JSON.stringify([summary, severity, labels]))
    expect(told.toSorted()).toEqual([
      '["app_ws.clients on web-1 has not been heard of for 2s","critical",{}]',
      '["job-a on web-1 has not been heard of for 2s","warning",{"check":"job-a"}]',
    ])
    await first.stop(3000)
    await bed.startWorking(quiet)
    await sleep(3000)
    expect(phases()).toHaveLength(2)
    bed.metric('app_ws', { clients: 0 })
    ran('job-a')
    await until(() => phases().length === 4)
    expect(phases().slice(2).toSorted()).toEqual(['lazy resolved', 'quiet resolved'])
  })

  it('is missed after a restart by whoever was told before it what there is', async () => {
    const first = await bed.startWorking(quiet)
    bed.metric('app_ws', { clients: 3 })
    await passed()
    await first.stop(3000)
    await bed.startWorking(quiet)
    await until(() => phases().length > 0)
    expect(phases()).toEqual(['quiet firing'])
  })

  it('holds while the bus is away', async () => {
    await bed.startWorking(quiet)
    const sender = setInterval(() => bed.metric('app_ws', { clients: 3 }), 200)
    try {
      await sleep(500)
      await bed.server.kill('SIGKILL')
      await sleep(3000)
      await bed.server.restart()
      await until(() => bed.bus.state === 'connected')
      await sleep(2500)
      expect(phases()).toEqual([])
    } finally {
      clearInterval(sender)
    }
    await until(() => phases().includes('quiet firing'))
  })

  it('ends with its rule', async () => {
    const handle = await bed.startWorking(quiet)
    bed.metric('app_ws', { clients: 3 })
    await until(() => phases().includes('quiet firing'))
    await handle.stop(3000)
    await bed.startWorking(only({}))
    await until(() => phases().includes('quiet resolved'))
    expect(alerts().at(-1)?.reason).toBe('rule removed')
  })
})

it('what happens too often is told with how often, goes on over a restart, and ends when it was long enough ago', async () => {
  const config = only({ flapping: { event: 'health.failing', over: '4s', above: { warning: 1, critical: 2 }, hosts: ['web-*'] } })
  const first = await bed.startWorking(config)
  await bed.health('failing')
  await bed.health('failing')
  await until(() => phases().length === 1)
  await bed.health('failing')
  await until(() => phases().length === 2)
  expect(alerts().map(({ phase, severity, summary, threshold }) => `${phase} ${severity} ${threshold}: ${summary}`)).toEqual([
    'firing warning 1: health.failing of web on web-1 2 times in 4s',
    'updated critical 2: health.failing of web on web-1 3 times in 4s',
  ])
  await first.stop(3000)
  await bed.startWorking(config)
  const restartedMs = performance.now()
  await until(() => phases().length === 3)
  expect(phases()[2]).toBe('flapping resolved')
  expect(performance.now() - restartedMs).toBeGreaterThan(3000)
})

it('what is usual survives a restart', async () => {
  const traffic = only({ traffic: { metric: 'app_api.requests_per_second', baseline: { factor: 3 } } })
  const hourMs = 3_600_000
  const startMs = Math.floor(Date.now() / hourMs) * hourMs - 4 * 168 * hourMs
  const send = (week: number, minute: number, value: number): string =>
    bed.metric('app_api', { requests_per_second: value }, 'web-1', startMs + week * 168 * hourMs + minute * 60_000)
  const first = await bed.startWorking(traffic)
  for (const week of [0, 1]) for (const minute of [0, 20, 40, 65]) send(week, minute, 100)
  await passed()
  await first.stop(3000)
  await bed.startWorking(traffic)
  let sent = 0
  await until(() => {
    send(2, (sent += 0.01), 301)
    return phases().includes('traffic firing')
  })
  expect(alerts()[0]?.summary).toBe('app_api.requests_per_second on web-1 is 301/s, usually 100/s')
})

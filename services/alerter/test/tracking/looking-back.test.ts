import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { start, World } from './world.ts'

const counters = (errors: number | null, requests: number | null, labels: Record<string, string> = {}) => ({
  items: [
    { metric: 'errors_total', ...labels, value: errors, rate_per_second: null },
    { metric: 'requests_total', ...labels, value: requests, rate_per_second: null },
  ],
})

describe('a rule that looks back', () => {
  const busy = { metric: 'cpu.usage_ratio', take: 'avg', over: '1m', above: '85%' }

  it('judges the average of its window, strictly, and nothing before it has seen all of it', () => {
    const world = new World({ busy })
    for (let at = 0; at < 50; at += 10) expect(world.cpu(at, 1)).toEqual([])
    expect(world.cpu(50, 0.1)).toEqual([])
    expect(world.cpu(60, 0.95)).toEqual([])
    expect(world.cpu(70, 1)).toEqual([])
    for (const at of [80, 90, 100]) world.cpu(at, 1)
    expect(world.told).toEqual([])
    expect(world.cpu(110, 0.96)).toEqual(['busy firing warning'])
    expect(world.summaries()).toEqual(['cpu.usage_ratio (avg over 1m) on web-1 is 98.5%, above 85%'])
    expect([0, 0, 0].flatMap((value, index) => world.cpu(120 + index * 10, value))).toEqual(['busy resolved warning recovered'])
  })

  it('holds while it fills its window, whether its alert fires or not, and says so', () => {
    const world = new World({ busy })
    for (let at = 0; at <= 60; at += 10) world.cpu(at, 1)
    expect(world.told).toEqual(['busy firing warning'])
    const holds = () => [...world.book.all()].map(({ series }) => world.engine.holds(series))
    expect(holds()).toEqual([null])
    expect([600, 610, 620, 630, 640].flatMap((at) => world.cpu(at, 0))).toEqual([])
    expect(holds()).toEqual(['its rule looks back on 1m and has not seen all of that yet'])
    expect(world.cpu(650, 0)).toEqual(['busy resolved warning recovered'])
  })

  it('holds while values cannot be read', () => {
    const world = new World({ busy })
    for (let at = 0; at <= 60; at += 10) world.cpu(at, 1)
    expect([70, 80, 90, 100].flatMap((at) => world.cpu(at, null))).toEqual([])
  })

  it('takes the rate of a counter over the restart of its source', () => {
    const world = new World({ many: { metric: 'app_api.requests_total', take: 'rate', over: '1m', above: 5 } })
    for (const [at, value] of [0, 30, 60, 90, 120, 150, 180].entries())
      expect(world.metric(at * 10, 'app_api', counters(0, value))).toEqual([])
    for (const [index, value] of [60, 120, 180, 240].entries()) world.metric(70 + index * 10, 'app_api', counters(0, value))
    expect(world.told).toEqual([])
    expect(world.metric(110, 'app_api', counters(0, 300))).toEqual(['many firing warning'])
    expect(world.summaries()).toEqual(['app_api.requests_total (rate over 1m) on web-1 is 5.5/s, above 5/s'])
  })

  it('keeps what it saw when other rules change, and begins anew when it reads something else itself', () => {
    const world = new World({ busy })
    for (let at = 0; at < 50; at += 10) world.cpu(at, 1)
    world.engine.use(world.compile({ busy: { ...busy, above: '90%' }, other: { check: 'web' } }))
    expect(world.cpu(50, 1)).toEqual(['busy firing warning'])
    world.engine.use(world.compile({ busy: { ...busy, over: '2m' } }))
    expect(world.cpu(60, 0)).toEqual([])
  })

  it('forgets a host that left, and series that are seen no more', () => {
    const world = new World({ busy, slow: { metric: 'app_api.latency_seconds.p95', take: 'max', over: '1m', above: 1 } })
    for (let at = 0; at < 100; at += 10) world.metric(at, 'app_api', { items: [{ metric: 'latency_seconds', path: `/${at}`, p95: 1 }] })
    world.cpu(100, 1)
    expect(world.engine.values.store.size).toBe(11)
    world.metric(5000, 'app_api', { items: [{ metric: 'latency_seconds', path: '/a', p95: 1 }] })
    expect(world.engine.values.store.size).toBe(2)
    world.engine.onForgotten('web-1', { id: 'gone', timeMs: start }, world.next('EVENTS'))
    expect([world.engine.values.store.size, world.engine.values.store.bytes]).toEqual([0, 0])
  })
})

describe('a rule that divides', () => {
  const errors = {
    metric: 'app_api.errors_total',
    per: 'app_api.requests_total',
    take: 'increase',
    over: '5m',
    above: { warning: '1%', critical: '5%' },
  }

  it('judges the share of errors among requests, host by host and label by label, at each edge', () => {
    const world = new World({ errors })
    const serve = (at: number, failed: number, path: string) => world.metric(at, 'app_api', counters(failed, at, { path }))
    for (let at = 0; at < 300; at += 10) expect(serve(at, 0, '/a')).toEqual([])
    expect(serve(300, 3, '/a')).toEqual([])
    expect(serve(310, 4, '/a')).toEqual(['errors /a firing warning'])
    expect(serve(320, 15, '/a')).toEqual([])
    expect(serve(330, 16, '/a')).toEqual(['errors /a updated critical up from warning to critical'])
    expect(world.summaries()).toEqual([
      'app_api.errors_total per app_api.requests_total (increase over 5m) of /a on web-1 is 1.333%, above 1%',
      'app_api.errors_total per app_api.requests_total (increase over 5m) of /a on web-1 is 5.333%, above 5%',
    ])
  })

  it('says nothing when nothing was requested: there is nothing to divide by', () => {
    const world = new World({ errors })
    for (let at = 0; at <= 600; at += 10) expect(world.metric(at, 'app_api', counters(at, 7))).toEqual([])
    expect(world.book.size).toBe(0)
  })

  it('divides items of one kind by a number of the host that comes in another message', () => {
    const world = new World({ big: { metric: 'app_api.rss_bytes', per: 'mem.total_bytes', above: '80%' } })
    const rss = (at: number, value: number) => world.metric(at, 'app_api', { items: [{ metric: 'rss_bytes', instance: 'a', value }] })
    expect(rss(0, 900)).toEqual([])
    world.metric(1, 'mem', { fields: { total_bytes: 1000 } })
    expect(rss(2, 800)).toEqual([])
    expect(rss(3, 801)).toEqual(['big a firing warning'])
    expect(rss(1000, 100)).toEqual([])
  })
})

describe('a rule that adds up', () => {
  const http = (code: string, path: string, value: number | null) => ({
    metric: 'requests_total',
    code,
    path,
    value,
    rate_per_second: null,
  })

  it('sums the series that share the labels it names, for what is divided and what it is divided by', () => {
    const world = new World({
      errors: {
        metric: 'app_api.requests_total',
        where: { code: '5*' },
        per: 'app_api.requests_total',
        by: ['path'],
        take: 'increase',
        over: '1m',
        above: '10%',
      },
    })
    const serve = (at: number, ok: number, failed: number) =>
      world.metric(at, 'app_api', {
        items: [http('200', '/a', ok), http('500', '/a', failed / 2), http('503', '/a', failed / 2), http('200', '/b', ok)],
      })
    for (let at = 0; at < 60; at += 10) expect(serve(at, at, 0)).toEqual([])
    expect(serve(60, 54, 6)).toEqual([])
    expect(serve(70, 60, 8)).toEqual(['errors /a firing warning'])
  })

  it('puts the parts of a message together first, and holds when a part is lost or a number cannot be read', () => {
    const world = new World({ clients: { metric: 'app_ws.clients', by: [], below: 10 } })
    const part = (at: number, number: number, value: number | null) =>
      world.metric(at, 'app_ws', { items: [{ metric: 'clients', instance: `i${number}`, value }], part: number, parts: 2 })
    expect([part(0, 1, 5), part(0, 2, 5)]).toEqual([[], []])
    expect([part(1, 1, 5), part(2, 1, 5), part(3, 1, 5), part(3, 2, null)].flat()).toEqual([])
    expect([part(4, 1, 5), part(4, 2, 4)]).toEqual([[], ['clients firing warning']])
    expect([part(5, 2, 6), part(5, 1, 5)]).toEqual([[], ['clients resolved warning recovered']])
  })

  it('does not jump when a counter comes or goes', () => {
    const world = new World({ many: { metric: 'app_api.requests_total', by: [], take: 'increase', over: '1m', above: 130 } })
    for (let at = 0; at <= 120; at += 10)
      world.metric(at, 'app_api', { items: [http('200', '/a', at), ...(at > 60 ? [http('200', '/b', 1e6 + at)] : [])] })
    for (let at = 130; at <= 240; at += 10) world.metric(at, 'app_api', { items: [http('200', '/b', 1e6 + at)] })
    expect(world.told).toEqual([])
  })
})

describe('a rule that counts samples', () => {
  it('fires after three in a row, and not after three with one between', () => {
    const world = new World({ full: { metric: 'mem.used_ratio', above: '90%', times: 3 } })
    const used = (at: number, value: number) => world.metric(at, 'mem', { fields: { used_ratio: value } })
    expect([used(0, 0.95), used(1, 0.95), used(2, 0.1), used(3, 0.95), used(4, 0.95)].flat()).toEqual([])
    expect(used(5, 0.95)).toEqual(['full firing warning'])
    expect(world.summaries()).toEqual(['mem.used_ratio on web-1 is 95%, above 90% 3 times in a row'])
    expect(used(6, 0.1)).toEqual(['full resolved warning recovered'])
  })

  it('fires at three of the last five', () => {
    const world = new World({ full: { metric: 'mem.used_ratio', above: '90%', times: 3, of: 5 } })
    const used = (at: number, value: number) => world.metric(at, 'mem', { fields: { used_ratio: value } })
    expect([used(0, 1), used(1, 0), used(2, 1), used(3, 0)].flat()).toEqual([])
    expect(used(4, 1)).toEqual(['full firing warning'])
    expect([used(5, 1), used(6, 0), used(7, 1), used(8, 1)].flat()).toEqual([])
    expect([used(9, 0), used(10, 0)].flat()).toEqual(['full resolved warning recovered'])
  })

  it('neither fires nor resolves after a start until it knows enough samples', () => {
    const rules = { full: { metric: 'mem.used_ratio', above: '90%', times: 3, of: 4 } }
    const before = new World(rules)
    for (let at = 0; at < 4; at++) before.metric(at, 'mem', { fields: { used_ratio: 1 } })
    const world = new World(rules)
    for (const record of before.records.values()) world.engine.restore(record)
    const used = (at: number, value: number) =>
      world.metric(at, 'mem', { fields: { used_ratio: value } }, 'web-1', { generation: 0, seq: 100 + at })
    expect([used(10, 0)].flat()).toEqual([])
    expect(used(11, 0)).toEqual(['full resolved warning recovered'])
  })
})

describe('an alert that is kept', () => {
  it('goes on for a while after the condition ended, calls nobody again when that comes back, and then ends', () => {
    const world = new World({ flappy: { metric: 'mem.used_ratio', above: { warning: '80%', critical: '90%' }, keep_firing_for: '1m' } })
    const used = (at: number, value: number | null) => world.metric(at, 'mem', { fields: { used_ratio: value } })
    expect(used(0, 0.85)).toEqual(['flappy firing warning'])
    expect([used(10, 0.5), used(50, 0.5), used(60, 0.85)].flat()).toEqual([])
    for (let at = 70; at < 130; at += 10) expect(used(at, 0.5)).toEqual([])
    expect(used(130, 0.5)).toEqual(['flappy resolved warning recovered'])
  })

  it('does not end while nobody can see', () => {
    const world = new World({ flappy: { metric: 'mem.used_ratio', above: '80%', keep_firing_for: '1m' } })
    const used = (at: number, value: number) => world.metric(at, 'mem', { fields: { used_ratio: value } })
    for (let at = 0; at < 30; at += 10) used(at, 0.85)
    expect([used(30, 0.5), used(40, 0.5), used(3640, 0.5), used(3650, 0.5), used(3680, 0.5)].flat()).toEqual([])
    expect(used(3690, 0.5)).toEqual(['flappy resolved warning recovered'])
  })

  it('survives a restart, and a check is kept by the clock of its host', () => {
    const rules = { down: { check: 'web', keep_firing_for: '1m' } }
    const before = new World(rules)
    before.health(0, 'failing')
    before.health(10, 'ok')
    const world = new World(rules)
    for (const record of before.ledger.all()) world.ledger.restore(record)
    for (const record of before.records.values()) world.engine.restore(JSON.parse(JSON.stringify(record)) as typeof record)
    expect(world.cpu(69, 0.1)).toEqual([])
    expect(world.cpu(70, 0.1)).toEqual(['down web resolved critical recovered'])
  })
})

describe('a rule with hours', () => {
  // The world begins on a Saturday at 03:00 UTC.
  const hours = { days: ['sat'], from: '04:00', to: '05:00', timezone: 'UTC' }

  it('is judged within them, and its alerts end with them', () => {
    const world = new World({ empty: { metric: 'app_ws.clients', below: 1, hours } })
    const clients = (at: number, value: number) => world.metric(at, 'app_ws', { items: [{ metric: 'clients', value }] })
    expect(clients(3599, 0)).toEqual([])
    expect(clients(3600, 0)).toEqual(['empty firing warning'])
    expect(clients(7199, 0)).toEqual([])
    expect(clients(7200, 0)).toEqual(['empty resolved warning outside its hours'])
  })

  it('on a check finds what began to fail before them', () => {
    const world = new World({ down: { check: 'web', hours } })
    expect(world.health(0, 'failing')).toEqual([])
    world.now = start + 3_600_000
    expect(world.recheck('down')).toEqual(['down web firing critical'])
    expect(world.recheck('down')).toEqual([])
    world.now = start + 7_200_000
    expect(world.recheck('down')).toEqual(['down web resolved critical outside its hours'])
  })
})

it('whatever an application sends, rules of every kind judge it without a crash and within bounds', () => {
  const rules = {
    a: { metric: 'app_api.x', take: 'p95', over: '10s', above: 0 },
    b: { metric: 'app_api.x', per: 'app_api.y', above: 1, times: 2, of: 3 },
    c: { metric: 'app_api.x', by: ['l'], take: 'rate', over: '5s', above: 0, keep_firing_for: '3s' },
    d: { metric: 'app_api.x', baseline: {} },
    e: { metric: 'app_api.x', take: 'stddev', over: '1h', below: 1, hours: { days: ['sat'] } },
  }
  const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, null, 1e308, -1e308))
  const item = fc.record(
    { metric: fc.constantFrom('x', 'y', '__proto__'), value, l: fc.constantFrom('a', 'b', '__proto__'), mean: value },
    { requiredKeys: ['metric'] },
  )
  const message = fc.record({
    seconds: fc.integer({ min: -100, max: 4000 }),
    items: fc.array(item, { maxLength: 4 }),
    part: fc.integer({ min: 1, max: 2 }),
  })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const world = new World(rules, { maxAlerts: 20 })
      for (const { seconds, items, part } of messages) world.metric(seconds, 'app_api', { items, part, parts: 2 })
      const count = (phase: string): number => world.told.filter((line) => line.includes(` ${phase} `)).length
      expect(world.book.size).toBeLessThanOrEqual(20)
      expect(count('resolved')).toBeLessThanOrEqual(count('firing') + count('pending'))
    }),
  )
})

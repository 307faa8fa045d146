import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { World } from './world.ts'

const requests = (code: string, value: number, rate: number | null): Record<string, string | number | null> => ({
  metric: 'requests_total',
  code,
  value,
  rate_per_second: rate,
})
const latency = (p95: number | null): Record<string, string | number | null> => ({
  metric: 'latency_seconds',
  path: '/a',
  count_total: 9,
  mean: 0.2,
  p95,
})

describe('a rule on the metric of an application', () => {
  it('reads its value, series by series, and nothing of other metrics', () => {
    const world = new World({ many: { metric: 'app_api.requests_total', above: 100 } })
    expect(
      world.metric(0, 'app_api', { items: [requests('200', 101, null), requests('500', 7, null), { metric: 'clients', value: 999 }] }),
    ).toEqual(['many 200 firing warning'])
    expect([...world.book.all()].map(({ series }) => series.labels)).toEqual([{ code: '200' }])
  })

  it('reads the number that it names: a rate, a quantile', () => {
    const world = new World({
      errors: { metric: 'app_api.requests_total.rate_per_second', above: 5, where: { code: '5*' } },
      slow: { metric: 'app_api.latency_seconds.p95', above: { warning: '500ms', critical: '5s' } },
    })
    expect(world.metric(0, 'app_api', { items: [requests('200', 1, 50), requests('500', 1, null), latency(null)] })).toEqual([])
    expect(world.metric(10, 'app_api', { items: [requests('200', 1, 50), requests('500', 1, 6), latency(0.6)] })).toEqual([
      'errors 500 firing warning',
      'slow /a firing warning',
    ])
  })

  it('reads the mean of what has no single value', () => {
    const world = new World({ slow: { metric: 'app_api.latency_seconds', above: 0.1 } })
    expect(world.metric(0, 'app_api', { items: [latency(0.6)] })).toEqual(['slow /a firing warning'])
  })

  it('has its unit by its name: the summary speaks of milliseconds, bytes and rates', () => {
    const world = new World({
      slow: { metric: 'app_api.latency_seconds.p95', above: 0.1 },
      sent: { metric: 'app_api.sent_bytes_total.rate_per_second', above: 0 },
      errors: { metric: 'app_api.requests_total.rate_per_second', above: 5 },
      cpu: { metric: 'app_api.cpu_percent', above: 85 },
    })
    const items = [
      latency(0.25),
      { metric: 'sent_bytes_total', value: 1, rate_per_second: 2048 },
      requests('500', 1, 6),
      { metric: 'cpu_percent', value: 91.5 },
    ]
    world.metric(0, 'app_api', { items })
    expect(world.summaries()).toEqual([
      'app_api.latency_seconds.p95 of /a on web-1 is 250 ms, above 100 ms',
      'app_api.sent_bytes_total.rate_per_second on web-1 is 2 KiB/s, above 0 B/s',
      'app_api.requests_total.rate_per_second of 500 on web-1 is 6/s, above 5/s',
      'app_api.cpu_percent on web-1 is 91.5, above 85',
    ])
  })

  it('holds its alert while the value is null or nothing comes at all, and ends it when the item is gone', () => {
    const world = new World({ many: { metric: 'app_api.clients', above: 10 } })
    const clients = (value: number | null) => ({
      items: [
        { metric: 'clients', instance: 'a:1', value },
        { metric: 'other', value: 1 },
      ],
    })
    expect(world.metric(0, 'app_api', clients(11))).toEqual(['many a:1 firing warning'])
    for (let tick = 1; tick <= 5; tick++) expect(world.metric(tick * 10, 'app_api', clients(null))).toEqual([])
    expect(world.metric(600, 'app_api', clients(11))).toEqual([])
    const without = { items: [{ metric: 'other', value: 1 }] }
    expect([610, 620, 630].flatMap((seconds) => world.metric(seconds, 'app_api', without))).toEqual(['many a:1 resolved warning gone'])
  })

  it('also reads a group that a program publishes itself, as plain fields', () => {
    const world = new World({ slow: { metric: 'app_shop.latency_seconds', above: 0.5 } })
    expect(world.metric(0, 'app_shop', { fields: { latency_seconds: 0.7 } })).toEqual(['slow firing warning'])
  })

  it('survives whatever an application calls its metrics and labels', () => {
    const name = fc.oneof(fc.constantFrom('metric', 'value', 'mean', 'x', 'constructor', '__proto__'), fc.string({ maxLength: 5 }))
    const item = fc.dictionary(name, fc.oneof(fc.double({ noNaN: true }), fc.constant(null), fc.constantFrom('x', 'value', '')))
    fc.assert(
      fc.property(fc.array(fc.array(item, { maxLength: 5 }), { maxLength: 5 }), (messages) => {
        const world = new World({
          a: { metric: 'app_api.x', above: 0 },
          b: { metric: 'app_api.x.mean', below: 1 },
          c: { metric: 'app_api.value', above: 0 },
        })
        for (const [index, items] of messages.entries()) world.metric(index, 'app_api', { items })
        expect(world.book.size).toBeLessThanOrEqual(75)
      }),
    )
  })
})

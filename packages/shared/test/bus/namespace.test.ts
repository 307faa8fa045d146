import { describe, expect, it } from 'vitest'
import { bootstrapped, broker, busOn, client, event, expectSoon, storedIn } from './fixture.ts'

describe('two namespaces on one broker', () => {
  it('share nothing: events, readers, dead letters, buckets and leases', async () => {
    const server = await broker()
    await bootstrapped(server, { namespace: 'lab-2' })
    const buses = { ops: busOn(server), 'lab-2': busOn(server, { namespace: 'lab-2' }) }
    const seen: string[] = []
    for (const [namespace, bus] of Object.entries(buses)) {
      await bus.ready()
      await bus.publishEvent(`${namespace}.health.web-1.http`, event({ n: namespace }))
      bus.publishMetric(`${namespace}.metric.web-1.cpu`, { n: namespace })
      bus.follow({ stream: 'EVENTS', name: 'reader', after: 0, handle: (message) => void seen.push(message.subject) })
      const reader = bus.consume({
        stream: 'EVENTS',
        durable: 'worker',
        filter: `${namespace}.health.>`,
        handle: () => Promise.reject(new TypeError('always')),
        maxAttempts: 1,
      })
      await expectSoon(() => reader.deadLettered === 1)
      expect((await bus.acquireLease({ key: 'k', holder: `alerter@${namespace}` })).holds()).toBe(true)
    }
    await expectSoon(() => seen.length === 2)
    expect(seen).toEqual(['ops.health.web-1.http', 'lab-2.health.web-1.http'])
    const nc = await client(server)
    expect((await storedIn(nc, 'LAB-2_EVENTS')).map(({ subject }) => subject)).toEqual(['lab-2.health.web-1.http'])
    await expectSoon(async () => (await storedIn(nc, 'LAB-2_METRICS')).length === 1)
    expect((await storedIn(nc, 'LAB-2_DEAD')).map(({ subject }) => subject)).toEqual(['lab-2.dead.collector'])
    expect((await storedIn(nc, 'DEAD')).map(({ subject }) => subject)).toEqual(['ops.dead.collector'])
    await expect(buses['lab-2'].publishEvent('ops.health.web-1.http', event())).rejects.toMatchObject({ code: 'bad_subject' })
  })
})

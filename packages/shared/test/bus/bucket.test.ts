import { Kvm } from '@nats-io/kv'
import type { BucketSchema, Bus } from '@nightshift/shared/bus/bus'
import { ContractError } from '@nightshift/shared/errors'
import { describe, expect, it } from 'vitest'
import { bootstrapped, broker, busOn, client, expectSoon } from './fixture.ts'

interface Silence {
  by: string
  minutes: number
}

/** Version 1 counted hours. */
const schema: BucketSchema<Silence> = {
  version: 2,
  read: (value, version) => {
    const { by, minutes, hours } = value as Record<string, unknown>
    if (typeof by !== 'string') throw new ContractError('schema', 'by is missing')
    return { by, minutes: version === 1 ? Number(hours) * 60 : Number(minutes) }
  },
}

const open = (bus: Bus) => bus.bucket('silences', schema)

describe('a bucket', () => {
  it('gives back what was put, and nothing for what was not', async () => {
    const bucket = await open(busOn(await broker()))
    expect(await bucket.get('web-1.disk')).toBeUndefined()
    const revision = await bucket.put('web-1.disk', { by: 'ann', minutes: 5 }, 0)
    expect(await bucket.get('web-1.disk')).toEqual({ value: { by: 'ann', minutes: 5 }, revision })
    await bucket.delete('web-1.disk')
    expect(await bucket.get('web-1.disk')).toBeUndefined()
  })

  it('changes a value only for who has seen the last one', async () => {
    const bucket = await open(busOn(await broker()))
    const first = await bucket.put('k', { by: 'ann', minutes: 1 }, 0)
    await expect(bucket.put('k', { by: 'bob', minutes: 1 }, 0)).rejects.toMatchObject({ name: 'ConflictError', code: 'stale_revision' })
    const second = await bucket.put('k', { by: 'bob', minutes: 2 }, first)
    await expect(bucket.put('k', { by: 'ann', minutes: 3 }, first)).rejects.toMatchObject({ code: 'stale_revision' })
    expect(await bucket.get('k')).toEqual({ value: { by: 'bob', minutes: 2 }, revision: second })
  })

  it('lets exactly one of many at once win', async () => {
    const bucket = await open(busOn(await broker()))
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => bucket.put('k', { by: `p${n}`, minutes: n }, 0)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('makes a key again that was deleted', async () => {
    const bucket = await open(busOn(await broker()))
    const first = await bucket.put('k', { by: 'ann', minutes: 1 }, 0)
    await bucket.delete('k')
    expect(await bucket.put('k', { by: 'bob', minutes: 1 }, 0)).toBeGreaterThan(first)
  })

  it('lists what is there, the last value of each key only', async () => {
    const bucket = await open(busOn(await broker()))
    expect(await Array.fromAsync(bucket.entries())).toEqual([])
    const revision = await bucket.put('a', { by: 'ann', minutes: 1 }, 0)
    await bucket.put('b', { by: 'bob', minutes: 2 }, 0)
    await bucket.put('c.d', { by: 'cid', minutes: 3 }, 0)
    const changed = await bucket.put('a', { by: 'ann', minutes: 9 }, revision)
    await bucket.delete('b')
    const entries = new Map(await Array.fromAsync(bucket.entries()))
    expect([...entries.keys()].toSorted()).toEqual(['a', 'c.d'])
    expect(entries.get('a')).toEqual({ value: { by: 'ann', minutes: 9 }, revision: changed })
  })

  it('reads what an older version wrote, and refuses what a newer one wrote or what is none of ours', async () => {
    const server = await broker()
    const bucket = await open(busOn(server))
    const kv = await new Kvm(await client(server)).open('ops_silences')
    await kv.put('old', '{"v":1,"data":{"by":"ann","hours":2}}')
    await kv.put('newer', '{"v":3,"data":{}}')
    await kv.put('bare', '{"by":"ann"}')
    await kv.put('text', 'hello')
    await kv.put('wrong', '{"v":2,"data":{}}')
    expect((await bucket.get('old'))?.value).toEqual({ by: 'ann', minutes: 120 })
    await expect(bucket.get('newer')).rejects.toMatchObject({ code: 'newer_schema' })
    await expect(bucket.get('bare')).rejects.toMatchObject({ code: 'schema' })
    await expect(bucket.get('text')).rejects.toMatchObject({ code: 'bad_json' })
    await expect(bucket.get('wrong')).rejects.toMatchObject({ code: 'schema' })
  })

  it('is the same bucket that every NATS tool sees', async () => {
    const server = await broker()
    const bus = busOn(server)
    const bucket = await open(bus)
    await bucket.put('k', { by: 'ann', minutes: 1 }, 0)
    const kv = await bus.kv('silences')
    expect((await kv.get('k'))?.json()).toEqual({ v: 2, data: { by: 'ann', minutes: 1 } })
    expect((await kv.status()).history).toBe(10)
  })

  it('says that the bus is away instead of waiting, and works again afterwards', async () => {
    const server = await broker()
    const bus = busOn(server)
    const bucket = await open(bus)
    await bucket.put('k', { by: 'ann', minutes: 1 }, 0)
    await server.kill('SIGKILL')
    await expectSoon(() => bus.state === 'disconnected')
    await expect(bucket.get('k')).rejects.toMatchObject({ code: 'bus_away', transient: true })
    await server.restart()
    await expectSoon(() => bus.state === 'connected')
    expect((await bucket.get('k'))?.value.by).toBe('ann')
  })
})

describe('the watch of a bucket', () => {
  it('tells what is there, then every change, through a broker that is killed', async () => {
    const server = await broker()
    const bus = busOn(server)
    const bucket = await open(bus)
    const revision = await bucket.put('a', { by: 'ann', minutes: 1 }, 0)
    await bucket.put('gone', { by: 'x', minutes: 1 }, 0)
    await bucket.delete('gone')
    const seen: string[] = []
    const watch = await bucket.watch((key, entry) => seen.push(`${key}=${entry?.value.minutes}`))
    expect(seen).toEqual(['a=1'])
    await bucket.put('a', { by: 'ann', minutes: 2 }, revision)
    await expectSoon(() => seen.length === 2)
    await server.restart()
    await expectSoon(() => bus.state === 'connected')
    await bucket.put('b', { by: 'bob', minutes: 3 }, 0)
    await bucket.delete('a')
    await expectSoon(
      () => seen.length === 4,
      () => seen,
    )
    expect(seen).toEqual(['a=1', 'a=2', 'b=3', 'a=undefined'])
    watch.stop()
  })

  it('tells that keys are gone when the broker lost its store', async () => {
    const server = await broker()
    const bus = busOn(server)
    const bucket = await open(bus)
    await bucket.put('a', { by: 'ann', minutes: 1 }, 0)
    await bucket.put('b', { by: 'bob', minutes: 2 }, 0)
    const seen: string[] = []
    await bucket.watch((key, entry) => seen.push(`${key}=${entry?.value.minutes}`))
    await server.restart({ empty: true })
    await bootstrapped(server)
    await bus.ready()
    await expectSoon(
      () => seen.includes('a=undefined') && seen.includes('b=undefined'),
      () => seen,
    )
    await bucket.put('b', { by: 'bob', minutes: 7 }, 0)
    await expectSoon(
      () => seen.at(-1) === 'b=7',
      () => seen,
    )
  })

  it('works for several watchers and buckets at once, and passes over a value that it cannot read', async () => {
    const server = await broker()
    const bus = busOn(server)
    const bucket = await open(bus)
    const acks = await bus.bucket('acks', schema)
    const seen: string[] = []
    await bucket.watch((key) => seen.push(`1:${key}`))
    await bucket.watch((key) => seen.push(`2:${key}`))
    await acks.watch((key) => seen.push(`3:${key}`))
    await (await bus.kv('silences')).put('bad', 'no JSON')
    await bucket.put('k', { by: 'ann', minutes: 1 }, 0)
    await acks.put('a', { by: 'ann', minutes: 1 }, 0)
    await expectSoon(
      () => seen.length === 3,
      () => seen,
    )
    expect(seen.toSorted()).toEqual(['1:k', '2:k', '3:a'])
    await expectSoon(() => bus.stats().deadLettered === 2)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bucket, BucketSchema, Lease } from '@nightshift/shared/bus/bus'
import { systemClock } from '@nightshift/shared/clock'
import { BusError } from '@nightshift/shared/errors'
import { FencedBucket, isLeaseLost } from '../../src/state/fenced-bucket.ts'
import { AlerterBed } from '../alerter-bed.ts'

interface Value {
  readonly token: number
  readonly text: string
}

let bed: AlerterBed
let bucket: Bucket<Value>
beforeAll(async () => {
  bed = await AlerterBed.open()
  const schema: BucketSchema<Value> = { version: 1, read: (value) => value as Value }
  bucket = await bed.bus.bucket('alerts', schema)
})
afterAll(() => bed.close())

function leaseOf(token: number): { lease: Lease; lose: () => void } {
  const ended = new AbortController()
  const lease: Lease = {
    key: 'alerter.shard-0',
    token,
    signal: ended.signal,
    holds: () => !ended.signal.aborted,
    release: () => Promise.resolve(),
  }
  return { lease, lose: () => ended.abort() }
}

const refused: string[] = []
const fenced = (lease: Lease, on: Bucket<Value> = bucket) => new FencedBucket(on, lease, systemClock, (key) => void refused.push(key))
const stored = async (key: string) => (await bucket.get(key))?.value

async function refusal(writing: Promise<void>): Promise<unknown> {
  return writing.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a fenced bucket', () => {
  it('stores, changes and deletes', async () => {
    const mine = fenced(leaseOf(1).lease)
    await mine.put('simple', { token: 1, text: 'a' })
    await mine.put('simple', { token: 1, text: 'b' })
    expect(await stored('simple')).toEqual({ token: 1, text: 'b' })
    await mine.delete('simple')
    expect(await stored('simple')).toBeUndefined()
    await mine.put('simple', { token: 1, text: 'c' })
    expect(await fenced(leaseOf(2).lease).load()).toEqual([['simple', { token: 1, text: 'c' }]])
    await mine.delete('simple')
  })

  it('writes a key in the order in which that was asked for, and other keys beside it', async () => {
    const [mine, order] = [fenced(leaseOf(1).lease), [] as string[]]
    const put = async (key: string, text: string): Promise<void> => {
      await mine.put(key, { token: 1, text })
      order.push(`${key} ${text}`)
    }
    const gone = (async () => {
      await Promise.all([put('order', 'a'), put('order', 'b'), put('order', 'c')])
    })()
    await Promise.all([gone, put('beside', 'x')])
    expect(order.filter((line) => line.startsWith('order'))).toEqual(['order a', 'order b', 'order c'])
    expect(order.indexOf('beside x')).toBeLessThan(3)
    await Promise.all([mine.delete('order'), put('order', 'd')])
    expect(await stored('order')).toEqual({ token: 1, text: 'd' })
    await Promise.all([mine.delete('order'), mine.delete('beside')])
  })

  it('refuses a predecessor that does not know that it lost the lease', async () => {
    const [before, after] = [fenced(leaseOf(1).lease), fenced(leaseOf(2).lease)]
    await before.put('takeover', { token: 1, text: 'before' })
    await after.load()
    await after.put('takeover', { token: 2, text: 'after' })
    const error = await refusal(before.put('takeover', { token: 1, text: 'too late' }))
    expect(isLeaseLost(error)).toBe(true)
    expect(error).toMatchObject({ code: 'fenced' })
    expect(await stored('takeover')).toEqual({ token: 2, text: 'after' })
  })

  it('overwrites what a predecessor wrote after the takeover', async () => {
    const [before, after] = [fenced(leaseOf(1).lease), fenced(leaseOf(2).lease)]
    await before.put('late', { token: 1, text: 'before' })
    await after.load()
    await before.put('late', { token: 1, text: 'too late' })
    await after.put('late', { token: 2, text: 'after' })
    expect(await stored('late')).toEqual({ token: 2, text: 'after' })
  })

  it('writes nothing once the lease is lost', async () => {
    const { lease, lose } = leaseOf(1)
    const mine = fenced(lease)
    lose()
    expect(await refusal(mine.put('lost', { token: 1, text: 'x' }))).toMatchObject({ code: 'lease_lost' })
    expect(await refusal(mine.delete('lost'))).toMatchObject({ code: 'lease_lost' })
    expect(await stored('lost')).toBeUndefined()
  })

  it('finds its own value when only the answer was lost', async () => {
    let isLost = true
    const deaf: Bucket<Value> = {
      ...delegate(bucket),
      put: async (key, value, revision) => {
        const written = await bucket.put(key, value, revision)
        if (!isLost) return written
        isLost = false
        throw new BusError('timeout', 'no answer', { transient: true })
      },
    }
    const mine = fenced(leaseOf(1).lease, deaf)
    await mine.put('answer', { token: 1, text: 'a' })
    await mine.put('answer', { token: 1, text: 'b' })
    expect(await stored('answer')).toEqual({ token: 1, text: 'b' })
  })

  it('lets go of what the bus refuses for good, and says so', async () => {
    const full: Bucket<Value> = { ...delegate(bucket), put: () => Promise.reject(new BusError('message_too_large', 'too large')) }
    await fenced(leaseOf(1).lease, full).put('refused', { token: 1, text: 'x' })
    expect(refused).toEqual(['refused'])
  })
})

function delegate(to: Bucket<Value>): Bucket<Value> {
  return {
    get: (key) => to.get(key),
    put: (key, value, revision) => to.put(key, value, revision),
    delete: (key) => to.delete(key),
    entries: () => to.entries(),
    watch: (onChange) => to.watch(onChange),
  }
}

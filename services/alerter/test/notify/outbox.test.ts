import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Lease } from '@nightshift/shared/bus/bus'
import { systemClock } from '@nightshift/shared/clock'
import { notifyEventOf } from '../../src/notify/notify-event.ts'
import { outboxBucket, type StoredOutboxRecord } from '../../src/notify/outbox-record.ts'
import { Outbox, type Entry } from '../../src/notify/outbox.ts'
import { FencedBucket } from '../../src/state/fenced-bucket.ts'
import { AlerterBed } from '../alerter-bed.ts'
import { exampleNotification } from '../example-notification.ts'

let bed: AlerterBed
beforeAll(async () => {
  bed = await AlerterBed.open()
})
afterAll(() => bed.close())
beforeEach(async () => {
  const bucket = await bed.bus.bucket('outbox', outboxBucket)
  for await (const [key] of bucket.entries()) await bucket.delete(key)
})

const lease: Lease = { key: 'k', token: 1, signal: new AbortController().signal, holds: () => true, release: () => Promise.resolve() }
const now = Date.parse('2026-11-21T03:00:00.000Z')

async function open(): Promise<Outbox> {
  const bucket = await bed.bus.bucket('outbox', outboxBucket)
  return new Outbox(new FencedBucket<StoredOutboxRecord>(bucket, lease, systemClock, () => expect.fail('refused')), lease.token)
}

/** The outbox as the next process finds it, when the checkpoint was this one. */
async function reopen(checkpoint: number): Promise<{ outbox: Outbox; untold: number }> {
  const outbox = await open()
  return { outbox, untold: (await outbox.load(checkpoint, now)).length }
}

async function add(outbox: Outbox, epoch: string, checkpoint = 1): Promise<Entry> {
  const entry = await outbox.add(exampleNotification({ epoch }), now, checkpoint)
  if (typeof entry === 'string') throw new Error(`${epoch} is ${entry}`)
  return entry
}

const delivered = (entry: Entry) =>
  notifyEventOf('alerter@hub', entry.record, { outcome: 'delivered', kind: 'webhook', attempt: 1, error: null, latencySeconds: 0.1 }, now)
const waiting = (outbox: Outbox): string[] => outbox.waiting.map(({ record }) => record.notification.id)

describe('the outbox', () => {
  it('gives back what waits, in order and with its attempts, to the next process', async () => {
    const outbox = await open()
    const first = await add(outbox, 'first')
    await add(outbox, 'second')
    await outbox.defer(first, now + 5000)
    const { outbox: next } = await reopen(0)
    expect(waiting(next)).toEqual(['first-1-new', 'second-1-new'])
    expect(next.waiting[0]?.record).toMatchObject({ attempts: 1, next_ms: now + 5000 })
    await add(next, 'third')
    expect(waiting((await reopen(0)).outbox)).toEqual(['first-1-new', 'second-1-new', 'third-1-new'])
  })

  it('takes a notification once, whoever asks again, until the checkpoint has passed it', async () => {
    const outbox = await open()
    const entry = await add(outbox, 'e', 5)
    expect(await outbox.add(exampleNotification({ epoch: 'e' }), now, 5)).toBe('known')
    await outbox.settle(entry, delivered(entry), 5)
    const { outbox: next, untold } = await reopen(4)
    expect(untold).toBe(1)
    expect(waiting(next)).toEqual([])
    expect(await next.add(exampleNotification({ epoch: 'e' }), now, 5)).toBe('known')
    next.release(5)
    expect(await next.add(exampleNotification({ epoch: 'e' }), now, 6)).not.toBe('known')
    expect((await reopen(5)).untold).toBe(0)
  })

  it('keeps apart what goes to two channels', async () => {
    const outbox = await open()
    await outbox.add(exampleNotification({}, 'a'), now, 1)
    expect(await outbox.add(exampleNotification({}, 'b'), now, 1)).not.toBe('known')
  })

  it('does not grow with time: places are used again', async () => {
    let outbox = await open()
    for (let round = 1; round <= 20; round++) {
      const entry = await add(outbox, `e${round}`, round)
      await outbox.settle(entry, delivered(entry), round)
      outbox.release(round)
      if (round % 5 === 0) ({ outbox } = await reopen(round))
    }
    const keys: string[] = []
    for await (const [key] of (await bed.bus.bucket('outbox', outboxBucket)).entries()) keys.push(key)
    expect(keys).toEqual(['slot.0'])
  })

  it('treats what cannot be read as a free place', async () => {
    const kv = await bed.bus.kv('outbox')
    await kv.put('slot.0', JSON.stringify({ v: 1, data: { token: 1, notification: { id: '' } } }))
    const { outbox } = await reopen(0)
    await add(outbox, 'e')
    expect(waiting((await reopen(0)).outbox)).toEqual(['e-1-new'])
  })

  it('gives what a clock that ran ahead wrote down its turn now', async () => {
    const outbox = await open()
    const later = exampleNotification({ epoch: 'later' })
    const entry = await outbox.add(later, now + 7_200_000, 1)
    if (typeof entry === 'string') throw new Error(entry)
    await outbox.defer(entry, now + 7_500_000)
    expect((await reopen(0)).outbox.waiting.map(({ record }) => [record.created_ms, record.next_ms])).toEqual([[now, now]])
  })

  it('gives back what channels keep in mind of an incident, to the next process too, and of that incident alone', async () => {
    const first = exampleNotification({ epoch: 'first' })
    const { memories } = await open()
    await memories.keep(first, { ts: '1.0' }, now)
    await memories.keep(first, { ts: '1.0', last: 'first-1-new' }, now)
    await memories.keep(exampleNotification({ epoch: 'first' }, 'other'), { ts: '7.0' }, now)
    const { outbox } = await reopen(0)
    expect(outbox.memories.of(first)).toEqual({ ts: '1.0', last: 'first-1-new' })
    expect(outbox.memories.of(exampleNotification({ epoch: 'second' }))).toBeUndefined()
    expect(outbox.waitingCount).toBe(0)
    await outbox.memories.forget(first)
    const { outbox: next } = await reopen(0)
    expect(next.memories.of(first)).toBeUndefined()
    expect(next.memories.of(exampleNotification({ epoch: 'first' }, 'other'))).toEqual({ ts: '7.0' })
  })

  it('says of what an earlier process left that it may have been sent', async () => {
    const outbox = await open()
    expect((await add(outbox, 'e')).isInDoubt).toBe(false)
    expect((await reopen(0)).outbox.waiting[0]?.isInDoubt).toBe(true)
  })

  it('does not send again what was noted, and tells of it until a checkpoint has passed', async () => {
    const outbox = await open()
    const entry = await add(outbox, 'noted')
    await outbox.note(entry, delivered(entry))
    expect(outbox.waitingCount).toBe(0)
    const second = await reopen(7)
    expect([second.untold, second.outbox.waitingCount]).toEqual([1, 0])
    expect((await reopen(7)).untold).toBe(1)
    expect((await reopen(8)).untold).toBe(0)
  })
})

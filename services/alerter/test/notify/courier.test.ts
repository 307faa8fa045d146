import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Lease } from '@nightshift/shared/bus/bus'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import { ChannelError } from '../../src/channels/channel.ts'
import { Courier } from '../../src/notify/courier.ts'
import type { Entry } from '../../src/notify/outbox.ts'
import type { Rate } from '../../src/notify/token-bucket.ts'
import { exampleNotification } from '../example-notification.ts'

interface Sent {
  readonly id: string
  readonly attempt: number
  readonly atMs: number
}

/** A courier whose channel does what the test says, on a clock that the test turns. */
function setUp(answer: (sent: Sent) => void | Promise<void>, rate?: Rate) {
  const ended = new AbortController()
  const lease: Lease = { key: 'k', token: 1, signal: ended.signal, holds: () => !ended.signal.aborted, release: () => Promise.resolve() }
  const sent: Sent[] = []
  const told: NotifyEvent[] = []
  const begunMs = Date.now()
  let inFlight = 0
  let mostInFlight = 0
  const courier = new Courier({
    name: 'hook',
    channel: {
      kind: 'webhook',
      ...(rate === undefined ? {} : { rate }),
      close: () => undefined,
      send: async (notification, attempt) => {
        mostInFlight = Math.max(mostInFlight, ++inFlight)
        const one = { id: notification.id, attempt, atMs: Date.now() - begunMs }
        sent.push(one)
        try {
          await answer(one)
        } finally {
          inFlight--
        }
      },
    },
    lease,
    clock: { now: () => Date.now(), monotonicMs: () => Date.now() },
    source: 'alerter@hub',
    random: () => 1,
    effects: {
      settle: (entry, outcome) => {
        entry.record = { ...entry.record, outcome }
        told.push(outcome)
        return Promise.resolve()
      },
      defer: (entry, nextMs, event) => {
        entry.record = { ...entry.record, attempts: entry.record.attempts + 1, next_ms: nextMs }
        if (event !== undefined) told.push(event)
        return Promise.resolve()
      },
    },
  })
  return { courier, sent, told, endLease: () => ended.abort(), mostInFlight: () => mostInFlight }
}

function entry(order: number, change: Parameters<typeof exampleNotification>[0] = {}): Entry {
  const notification = exampleNotification({ fingerprint: `f${order}`, epoch: `e${order}`, ...change })
  return {
    slot: order,
    record: { token: 1, notification, order, created_ms: Date.now(), attempts: 0, next_ms: Date.now(), outcome: null, checkpoint: 1 },
  }
}

const busy = () => new ChannelError('http_500', 'busy', { transient: true })
const outcomes = (told: readonly NotifyEvent[]): string[] => told.map((event) => `${event.outcome} ${event.attempt}`)

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-21T03:00:00.000Z') }))
afterEach(() => void vi.useRealTimers())

describe('a courier', () => {
  it('delivers, and says so', async () => {
    const { courier, told } = setUp(() => undefined)
    courier.add([entry(1)])
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toMatchObject([
      {
        outcome: 'delivered',
        attempt: 1,
        channel: 'hook',
        kind: 'webhook',
        notification: 'e1-1-new',
        about: ['f1'],
        error: null,
        host: null,
      },
    ])
  })

  it('tries again with growing pauses, under the same id, until it is taken', async () => {
    const { courier, sent, told } = setUp(({ attempt }) => {
      if (attempt < 4) throw busy()
    })
    courier.add([entry(1)])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 1000, 3000, 7000])
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1)
    expect(outcomes(told)).toEqual(['deferred 1', 'deferred 2', 'delivered 4'])
  })

  it('leaves the whole channel alone for as long as it was asked to', async () => {
    const { courier, sent } = setUp(({ id, attempt }) => {
      if (id === 'e1-1-new' && attempt === 1) throw new ChannelError('http_429', 'slow down', { transient: true, retryAfterMs: 30_000 })
    })
    courier.add([entry(1)])
    await vi.advanceTimersByTimeAsync(0)
    courier.add([entry(2)])
    await vi.advanceTimersByTimeAsync(29_999)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2)
    expect(sent.map(({ id }) => id)).toEqual(['e1-1-new', 'e1-1-new', 'e2-1-new'])
  })

  it('buries what would be refused again, and goes on with the next', async () => {
    const { courier, told } = setUp(({ id }) => {
      if (id === 'e1-1-new') throw new ChannelError('http_400', 'no', { transient: false })
    })
    courier.add([entry(1), entry(2)])
    await vi.advanceTimersByTimeAsync(0)
    expect(outcomes(told)).toEqual(['dead 1', 'delivered 1'])
    expect(told[0]?.error).toBe('no (it would be refused again)')
  })

  it('keeps the order of what is about one alert, and does not let one alert hold up another', async () => {
    const { courier, sent } = setUp(({ id, attempt }) => {
      if (id === 'e1-1-new' && attempt === 1) throw busy()
    })
    courier.add([entry(1, { fingerprint: 'same' }), entry(2, { fingerprint: 'same', phase: 'resolved' }), entry(3)])
    await vi.advanceTimersByTimeAsync(5000)
    expect(sent.map(({ id }) => id)).toEqual(['e1-1-new', 'e3-1-new', 'e1-1-new', 'e2-2-resolved'])
  })

  it('sends a few at once, and no more', async () => {
    const { courier, told, mostInFlight } = setUp(() => new Promise((resolve) => setTimeout(resolve, 100)))
    courier.add(Array.from({ length: 40 }, (_, index) => entry(index)))
    await vi.advanceTimersByTimeAsync(5000)
    expect(told).toHaveLength(40)
    expect(mostInFlight()).toBe(4)
  })

  it('sends nothing more at once when the lease is lost', async () => {
    const { courier, sent, told, endLease } = setUp(() => {
      throw busy()
    })
    courier.add([entry(1)])
    await vi.advanceTimersByTimeAsync(0)
    endLease()
    courier.add([entry(2)])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toHaveLength(1)
    expect(outcomes(told)).toEqual(['deferred 1'])
  })

  it('gives up after 24 hours, and says so', async () => {
    const { courier, told } = setUp(() => {
      throw busy()
    })
    courier.add([entry(1)])
    await vi.advanceTimersByTimeAsync(25 * 3_600_000)
    expect(told.at(-1)).toMatchObject({ outcome: 'dead', error: 'busy (it was tried for 24 hours)' })
    expect(told.length).toBeLessThan(12)
  })

  it('puts what comes faster than people can read into one message, and is itself again when it is calm', async () => {
    const { courier, sent, told } = setUp(() => undefined, { burst: 3, perMs: 60_000 })
    courier.add(Array.from({ length: 8 }, (_, index) => entry(index)))
    await vi.advanceTimersByTimeAsync(0)
    expect(sent.map(({ id }) => id)).toEqual(['e0-1-new', 'e1-1-new', 'e2-1-new'])
    await vi.advanceTimersByTimeAsync(10_000)
    courier.add([entry(8), entry(9, { fingerprint: 'f8', phase: 'resolved' })])
    await vi.advanceTimersByTimeAsync(9999)
    expect(sent).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(1)
    expect(sent.slice(3).map(({ id }) => id)).toEqual([expect.stringMatching(/^[0-9a-f]{26}-1-summary$/)])
    expect(outcomes(told)).toEqual(Array.from({ length: 10 }, () => 'delivered 1'))
    await vi.advanceTimersByTimeAsync(60_000)
    courier.add([entry(10)])
    await vi.advanceTimersByTimeAsync(0)
    expect(sent.at(-1)?.id).toBe('e10-1-new')
  })
})

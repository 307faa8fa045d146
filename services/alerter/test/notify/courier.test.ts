import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Lease } from '@nightshift/shared/bus/bus'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import { ChannelError, type ChannelMemory } from '../../src/channels/channel.ts'
import { Courier } from '../../src/notify/courier.ts'
import type { Notification } from '../../src/notify/notification.ts'
import type { Entry } from '../../src/notify/outbox.ts'
import type { Rate } from '../../src/notify/token-bucket.ts'
import { exampleNotification } from '../example-notification.ts'

interface Sent {
  readonly id: string
  readonly attempt: number
  readonly atMs: number
  readonly memory: ChannelMemory | undefined
  readonly occasion: string
  readonly called: readonly string[]
  readonly isInDoubt: boolean | undefined
}

/** A courier whose channel does what the test says, on a clock that the test turns. */
function setUp(answer: (sent: Sent) => void | Promise<void>, rate?: Rate, edits = false) {
  const ended = new AbortController()
  const lease: Lease = { key: 'k', token: 1, signal: ended.signal, holds: () => !ended.signal.aborted, release: () => Promise.resolve() }
  const sent: Sent[] = []
  const told: NotifyEvent[] = []
  const memories = new Map<string, ChannelMemory>()
  const begunMs = Date.now()
  let inFlight = 0
  let mostInFlight = 0
  const courier = new Courier({
    name: 'hook',
    channel: {
      kind: 'webhook',
      ...(rate === undefined ? {} : { rate }),
      close: () => undefined,
      edits,
      send: async (notification, attempt, _signal, before) => {
        mostInFlight = Math.max(mostInFlight, ++inFlight)
        const { contacts, occasion } = notification.message
        const one = {
          id: notification.id,
          attempt,
          atMs: Date.now() - begunMs,
          memory: before?.memory,
          occasion,
          called: contacts.map(({ name }) => name),
          isInDoubt: before?.isInDoubt,
        }
        sent.push(one)
        try {
          await answer(one)
        } finally {
          inFlight--
        }
        return { place: before?.memory?.['place'] ?? `place of ${notification.id}` }
      },
    },
    lease,
    clock: { now: () => Date.now(), monotonicMs: () => Date.now() },
    source: 'alerter@hub',
    random: () => 1,
    effects: {
      memoryOf: ({ message }) => memories.get(message.incident),
      remember: ({ message }, memory) => Promise.resolve(void memories.set(message.incident, memory)),
      keepLedger: () => Promise.resolve(),
      forget: ({ message }) => Promise.resolve(void memories.delete(message.incident)),
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
  return { courier, sent, told, memories, endLease: () => ended.abort(), mostInFlight: () => mostInFlight }
}

function entry(order: number, change: Parameters<typeof exampleNotification>[0] = {}): Entry {
  const notification = exampleNotification({ fingerprint: `f${order}`, epoch: `e${order}`, ...change })
  return {
    slot: order,
    isInDoubt: false,
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

  it.each([false, true])('sends what comes while another of its group is on its way (edits: %s)', async (edits) => {
    const { courier, sent, told } = setUp(() => new Promise((resolve) => setTimeout(resolve, 100)), undefined, edits)
    courier.add([entry(1, { fingerprint: 'same' })])
    await vi.advanceTimersByTimeAsync(50)
    courier.add([entry(2, { fingerprint: 'same', phase: 'resolved' })])
    await vi.advanceTimersByTimeAsync(1000)
    expect(sent.map(({ id }) => id)).toEqual(['e1-1-new', 'e2-2-resolved'])
    expect(outcomes(told)).toEqual(['delivered 1', 'delivered 1'])
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

  it('leaves the others alone when only this one is to wait', async () => {
    const { courier, sent } = setUp(({ id, attempt }) => {
      if (id === 'e1-1-new' && attempt === 1)
        throw new ChannelError('ratelimited', 'slow down', { transient: true, retryAfterMs: 30_000, isOnlyThis: true })
    })
    courier.add([entry(1)])
    await vi.advanceTimersByTimeAsync(0)
    courier.add([entry(2)])
    await vi.advanceTimersByTimeAsync(30_000)
    expect(sent.map(({ id, atMs }) => [id, atMs])).toEqual([
      ['e1-1-new', 0],
      ['e2-1-new', 0],
      ['e1-1-new', 30_000],
    ])
  })

  it('leaves in doubt what it was cut off from', async () => {
    const ends: ((error: unknown) => void)[] = []
    const { courier, told } = setUp(() => new Promise((_, reject) => ends.push(reject)))
    const cut = entry(1)
    courier.add([cut])
    const stopped = courier.stop(0)
    await vi.advanceTimersByTimeAsync(1)
    for (const end of ends) end(busy())
    await stopped
    expect(cut.isInDoubt).toBe(true)
    expect(told).toEqual([])
  })

  it('says when an earlier attempt may have been taken: nobody answered, or it was there before we were', async () => {
    const { courier, sent } = setUp(({ attempt, id }) => {
      if (attempt === 1 && id !== 'e3-1-new') throw new ChannelError(id === 'e1-1-new' ? 'timeout' : 'http_500', 'no', { transient: true })
    })
    courier.add([entry(1), entry(2), { ...entry(3), isInDoubt: true }])
    await vi.advanceTimersByTimeAsync(2000)
    expect(sent.map(({ id, isInDoubt }) => [id, isInDoubt])).toEqual([
      ['e1-1-new', false],
      ['e2-1-new', false],
      ['e3-1-new', true],
      ['e1-1-new', true],
      ['e2-1-new', false],
    ])
  })

  it('sends the worst first', async () => {
    const { courier, sent } = setUp(() => undefined)
    const critical = entry(3, { severity: 'critical' })
    courier.add([entry(1, { phase: 'resolved' }), entry(2), critical])
    await vi.advanceTimersByTimeAsync(0)
    expect(sent.map(({ id }) => id)).toEqual(['e3-1-new', 'e2-1-new', 'e1-2-resolved'])
  })

  it('sends what is worse first also when it comes while others wait already, and what failed again at its own time', async () => {
    const { courier, sent } = setUp(({ id, attempt }) => {
      if (id === 'e2-1-new' && attempt === 1) throw busy()
    })
    for (let order = 1; order <= 12; order++) courier.add([entry(order)])
    courier.add([entry(13, { severity: 'critical' })])
    await vi.advanceTimersByTimeAsync(0)
    const ids = sent.map(({ id }) => id)
    expect(ids.indexOf('e13-1-new')).toBeLessThan(6)
    expect(ids).toHaveLength(13)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent.at(-1)).toMatchObject({ id: 'e2-1-new', attempt: 2 })
    expect(sent).toHaveLength(14)
  })

  it('does not wait for a time that a clock named which is set back since', async () => {
    const { courier, sent } = setUp(({ attempt }) => {
      if (attempt <= 2) throw busy()
    })
    courier.add([entry(1)])
    await vi.advanceTimersByTimeAsync(0)
    vi.setSystemTime(Date.now() - 3_600_000)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent).toHaveLength(3)
  })

  it('finds the next of ten thousand at no more cost than of ten', async () => {
    const { courier, told } = setUp(() => undefined)
    const before = process.cpuUsage()
    for (let order = 0; order < 10_000; order++) courier.add([entry(order)])
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toHaveLength(10_000)
    // To look at all of them for each took more than a minute.
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(10)
  }, 30_000)
})

/** The n-th message about the incident e1. */
function nth(seq: number, change: Partial<Notification['message']> = {}): Entry {
  const made = entry(seq, { fingerprint: 'f1', epoch: 'e1' })
  const { notification } = made.record
  const message = { ...notification.message, seq, occasion: 'changed' as const, ...change }
  made.record = { ...made.record, notification: { ...notification, id: `e1-${seq}-${message.occasion}`, message } }
  return made
}

const over = { occasion: 'resolved', firing: 0, resolved: 1 } as const
const kim = { name: 'Kim', role: 'lead', phone: null, email: null, slack: null }

describe('a courier of a channel that edits', () => {
  it('sends the newest state in place of what waits about an incident, and all of it is delivered', async () => {
    const { courier, sent, told } = setUp(
      ({ attempt }) => {
        if (attempt === 1) throw busy()
      },
      undefined,
      true,
    )
    courier.add([nth(1, { occasion: 'new' })])
    await vi.advanceTimersByTimeAsync(0)
    courier.add([nth(2), nth(3), entry(9)])
    await vi.advanceTimersByTimeAsync(5000)
    expect(sent.map(({ id }) => id)).toEqual(['e1-1-new', 'e9-1-new', 'e1-3-changed', 'e9-1-new'])
    expect(
      told
        .filter(({ outcome }) => outcome === 'delivered')
        .map(({ notification }) => notification)
        .toSorted(),
    ).toEqual(['e1-1-new', 'e1-2-changed', 'e1-3-changed', 'e9-1-new'])
  })

  it('calls whom a message called that a newer one replaces, unless it is over by then', async () => {
    for (const [last, occasion, called] of [
      [nth(3), 'escalated', ['Kim']],
      [nth(3, over), 'resolved', []],
      [nth(3, { occasion: 'acked' }), 'acked', []],
    ] as const) {
      const { courier, sent } = setUp(() => undefined, undefined, true)
      courier.add([nth(1), nth(2, { occasion: 'escalated', contacts: [kim] }), last])
      await vi.advanceTimersByTimeAsync(0)
      expect(sent).toMatchObject([{ id: last.record.notification.id, occasion, called }])
    }
  })

  it('gives back what the channel keeps in mind, until the incident is over', async () => {
    const { courier, sent, memories } = setUp(() => undefined, undefined, true)
    for (const each of [nth(1), nth(2), nth(3, over)]) {
      courier.add([each])
      await vi.advanceTimersByTimeAsync(0)
    }
    expect(sent.map(({ memory }) => memory)).toEqual([undefined, { place: 'place of e1-1-changed' }, { place: 'place of e1-1-changed' }])
    expect(memories.size).toBe(0)
  })

  it('does not mix two incidents of one group', async () => {
    const { courier, sent } = setUp(() => undefined, undefined, true)
    const next = nth(1, { incident: 'e2', occasion: 'new' })
    next.record = { ...next.record, notification: { ...next.record.notification, id: 'e2-1-new' } }
    courier.add([nth(1), nth(2, over), next])
    await vi.advanceTimersByTimeAsync(0)
    expect(sent.map(({ id, memory }) => [id, memory])).toEqual([
      ['e1-2-resolved', undefined],
      ['e2-1-new', undefined],
    ])
  })

  it('lets a few wait for their turn, puts more together, and still edits what stands there', async () => {
    const { courier, sent, told } = setUp(() => undefined, { burst: 1, perMs: 1000, patience: 2 }, true)
    courier.add([nth(1)])
    await vi.advanceTimersByTimeAsync(1000)
    courier.add([entry(11), entry(12), entry(13)])
    await vi.advanceTimersByTimeAsync(2000)
    expect(sent.map(({ id }) => id)).toEqual(['e1-1-changed', 'e11-1-new', 'e12-1-new', 'e13-1-new'])
    await vi.advanceTimersByTimeAsync(1000)
    courier.add([entry(21), entry(22), entry(23), entry(24), nth(2, over)])
    await vi.advanceTimersByTimeAsync(3000)
    expect(sent.slice(4).map(({ id, memory }) => [id, memory?.['place']])).toEqual([
      ['e21-1-new', undefined],
      [expect.stringMatching(/-1-summary$/), undefined],
      ['e1-2-resolved', 'place of e1-1-changed'],
    ])
    expect(told.every(({ outcome }) => outcome === 'delivered')).toBe(true)
    expect(told).toHaveLength(9)
  })
})

import { expect, it } from 'vitest'
import type { Lease } from '@nightshift/shared/bus/bus'
import { systemClock } from '@nightshift/shared/clock'
import { Courier } from '../../src/notify/courier.ts'
import type { Entry } from '../../src/notify/outbox.ts'
import { exampleNotification } from '../example-notification.ts'

const lease: Lease = { key: 'k', token: 1, signal: new AbortController().signal, holds: () => true, release: () => Promise.resolve() }

function entry(order: number): Entry {
  const notification = exampleNotification({ fingerprint: `f${order}`, epoch: `e${order}` })
  const now = Date.now()
  return {
    slot: order,
    isInDoubt: false,
    record: { token: 1, notification, order, created_ms: now, attempts: 0, next_ms: now, outcome: null, checkpoint: 1 },
  }
}

it('notes all that went out in one message at once, for what is not noted comes again after a crash', async () => {
  const begun: string[] = []
  const { promise: stored, resolve: store } = Promise.withResolvers<void>()
  const courier = new Courier({
    name: 'mail',
    channel: { kind: 'email', rate: { burst: 1, perMs: 20 }, send: () => Promise.resolve(), close: () => undefined },
    lease,
    clock: systemClock,
    source: 'alerter@hub',
    random: () => 1,
    effects: {
      memoryOf: () => undefined,
      remember: () => Promise.resolve(),
      keepLedger: () => Promise.resolve(),
      forget: () => Promise.resolve(),
      defer: () => Promise.resolve(),
      settle: async (each, outcome) => {
        each.record = { ...each.record, outcome }
        begun.push(outcome.notification)
        // The first goes out alone; what waited behind it is one message.
        if (begun.length > 1) await stored
      },
    },
  })
  courier.add([0, 1, 2, 3].map(entry))
  await expect.poll(() => begun.length).toBe(4)
  expect(begun[0]).toBe('e0-1-new')
  expect(begun.slice(1).toSorted()).toEqual(['e1-1-new', 'e2-1-new', 'e3-1-new'])
  store()
  await courier.stop(1000)
})

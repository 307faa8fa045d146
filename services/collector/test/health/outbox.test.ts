import { expect, test } from 'vitest'
import { healthEvent } from '../../src/health/health-event.ts'
import { compactOutbox, maxOutbox } from '../../src/health/outbox.ts'

const origin = { host: 'web-1', source: 'collector@web-1' }
const event = (check: string, number: number) =>
  healthEvent(origin, check, 'tcp', {
    state: number % 2 === 0 ? 'ok' : 'failing',
    previous: null,
    consecutive: 1,
    error: null,
    checkEventId: null,
    correlationId: null,
    number,
    epochMs: 1_700_000_000_000 + number,
  })

test('transitions within the bound are all kept', () => {
  const events = Array.from({ length: maxOutbox }, (_, index) => event('web', index))
  expect(compactOutbox(events)).toEqual(events)
})

test('over the bound the last of each check stands for those before it, in order', () => {
  const events = [event('db', 1), ...Array.from({ length: maxOutbox }, (_, index) => event('web', index))]
  expect(compactOutbox(events).map(({ check, time }) => [check, time])).toEqual([
    ['db', '2023-11-14T22:13:20.001Z'],
    ['web', '2023-11-14T22:13:20.999Z'],
  ])
})

test('the same transition always has the same id, and another has another', () => {
  expect(event('web', 1).id).toBe(event('web', 1).id)
  expect(event('web', 1).id).not.toBe(event('db', 1).id)
  expect(event('web', 1).id).not.toBe(event('web', 2).id)
})

import { expect, test } from 'vitest'
import { parseEvent } from '@nightshift/shared/events/parse'
import { maxMessageBytes, metricEvents } from '../../src/groups/metric-message.ts'

const origin = { host: 'web-1', source: 'collector@web-1' }

test('scalars of a group go in one message without items and parts', () => {
  const [event, ...more] = metricEvents(origin, 1_700_000_000_000, 'load', { fields: { load1: 0.5 } }, 1.0004567)
  expect(more).toEqual([])
  expect(event).toMatchObject({
    v: 1,
    time: '2023-11-14T22:13:20.000Z',
    host: 'web-1',
    group: 'load',
    interval_seconds: 1.000457,
    fields: { load1: 0.5 },
  })
  expect(event).not.toHaveProperty('items')
  expect(event).not.toHaveProperty('part')
})

test('without a comparable interval there is no interval in the message', () => {
  expect(metricEvents(origin, 0, 'load', { fields: {} }, null)[0]).not.toHaveProperty('interval_seconds')
})

test('a group whose last item is gone still sends its empty list', () => {
  expect(metricEvents(origin, 0, 'disk', { items: [] }, 1)).toMatchObject([{ items: [] }])
})

test('items over 64 KB go in parts that belong together, each in bounds and complete', () => {
  const items = Array.from({ length: 64 }, (_, index) => ({
    mount: `/${index}/${'ü"'.repeat(500)}`,
    device: 'd',
    fstype: 'ext4',
    size_bytes: index,
  }))
  const events = metricEvents(origin, 0, 'fs', { items }, 1)
  expect(events.length).toBeGreaterThan(1)
  expect(events.flatMap((event) => event.items ?? [])).toEqual(items)
  expect(events.map(({ part, parts }) => [part, parts])).toEqual(events.map((_, index) => [index + 1, events.length]))
  expect(new Set(events.map((event) => event.correlation_id)).size).toBe(1)
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length)
  for (const event of events) {
    const data = Buffer.from(JSON.stringify(event))
    expect(data.byteLength).toBeLessThanOrEqual(maxMessageBytes)
    expect(parseEvent('ops.metric.web-1.fs', data).kind).toBe('metric')
  }
})

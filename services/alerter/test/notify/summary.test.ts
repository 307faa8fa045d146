import { expect, test } from 'vitest'
import { summarize } from '../../src/notify/summary.ts'
import { exampleNotification } from '../example-notification.ts'

const one = (name: string, change: Parameters<typeof exampleNotification>[0] = {}) =>
  exampleNotification({ fingerprint: name, epoch: name, id: name, ...change })

test('a summary has the worst that fires first, what is resolved last, and counts all of it', () => {
  const summary = summarize([one('a'), one('b', { phase: 'resolved' }), one('c', { severity: 'critical' })])
  expect(summary?.message).toMatchObject({ occasion: 'summary', firing: 2, resolved: 1, worst: 'critical', seq: 1 })
  expect(summary?.message.alerts.map(({ fingerprint }) => fingerprint)).toEqual(['c', 'a', 'b'])
  expect(summary?.event.fingerprint).toBe('c')
})

test('of one group only the last word counts', () => {
  const summary = summarize([one('a'), one('a', { phase: 'resolved' })])
  expect(summary?.message).toMatchObject({ firing: 0, resolved: 1 })
})

test('the same notifications make the same summary, others another', () => {
  expect(summarize([one('a'), one('b')])?.id).toBe(summarize([one('a'), one('b')])?.id)
  expect(summarize([one('a')])?.id).not.toBe(summarize([one('b')])?.id)
  expect(summarize([])).toBeUndefined()
})

test('at most 20 alerts stand in it', () => {
  const summary = summarize(Array.from({ length: 50 }, (_, index) => one(`f${index}`)))
  expect(summary?.message).toMatchObject({ firing: 50 })
  expect(summary?.message.alerts).toHaveLength(20)
})

test('an end is told also when its group said something else since', () => {
  const [first, then] = [one('a', { phase: 'resolved' }), one('b')]
  const summary = summarize([first, { ...then, group: first.group }])
  expect(summary?.message).toMatchObject({ firing: 1, resolved: 1 })
  expect(summary?.message.alerts.map(({ fingerprint, phase }) => [fingerprint, phase])).toEqual([
    ['b', 'firing'],
    ['a', 'resolved'],
  ])
})

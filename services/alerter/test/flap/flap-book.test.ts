import { describe, expect, it } from 'vitest'
import { FlapBook } from '../../src/flap/flap-book.ts'
import { flappingSchema } from '../../src/flap/flap-config.ts'
import { exampleEvent } from '../example-notification.ts'

const minute = 60_000

/** A book that hears of an alert which fires and recovers in turn, every 10 s. */
function flapping(times: number, severity: 'warning' | 'critical' = 'warning') {
  const book = new FlapBook(flappingSchema.parse({}))
  let nowMs = 0
  let ids = 0
  const begun: number[] = []
  const hear = (phase: 'firing' | 'resolved' | 'updated', change: object = {}): void => {
    nowMs += 10_000
    const event = exampleEvent({ id: `event-${ids++}`, phase, severity, ...change })
    if (!book.note(event, nowMs)) return
    begun.push(ids)
    book.begin(event.fingerprint, event.severity)
  }
  for (let index = 0; index < times; index++) hear(index % 2 === 0 ? 'firing' : 'resolved')
  return { book, hear, begun, now: () => nowMs, fingerprint: exampleEvent().fingerprint }
}

describe('the flap book', () => {
  it('says once that an alert begins to flap, and once that it has settled', () => {
    const { book, begun, now, fingerprint } = flapping(15)
    expect(begun).toEqual([7])
    expect(book.flapping(fingerprint)).toBeDefined()
    const settled: number[] = []
    for (let minutes = 1; minutes <= 60; minutes++) if (book.settle(now() + minutes * minute).length > 0) settled.push(minutes)
    expect(settled).toHaveLength(1)
    expect(settled[0]).toBeGreaterThan(10)
    expect(settled[0]).toBeLessThanOrEqual(20)
    expect(book.flapping(fingerprint)).toBeUndefined()
  })

  it('knows how bad it was when people heard of it, and notes when it gets worse', () => {
    const { book, hear, fingerprint } = flapping(7)
    expect(book.flapping(fingerprint)?.told_severity).toBe('warning')
    hear('updated', { severity: 'critical' })
    expect(book.flapping(fingerprint)?.told_severity).toBe('critical')
    hear('updated', { severity: 'warning' })
    expect(book.flapping(fingerprint)?.told_severity).toBe('critical')
  })

  it('counts neither what ended before it fired nor an acknowledgement', () => {
    const { hear, begun } = flapping(1)
    for (let index = 0; index < 20; index++) hear('resolved', { reason: 'recovered before it fired' })
    for (let index = 0; index < 20; index++) hear('firing', { phase: 'acked' })
    expect(begun).toEqual([])
  })

  it('forgets an alert that has not changed for the whole window', () => {
    const { book, now, hear, begun } = flapping(6)
    book.settle(now() + 30 * minute)
    for (let index = 0; index < 5; index++) hear(index % 2 === 0 ? 'firing' : 'resolved')
    expect(begun).toEqual([])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flappingSchema } from '../../src/flap/flap-config.ts'
import { advance, changedShare, judge, newHistory, note, type History } from '../../src/flap/history.ts'

const terms = flappingSchema.parse({})
const minute = 60_000

/** A history that changes every so often, the last change just now. */
function changing(times: number, everyMs: number): History {
  let history = newHistory(0)
  for (let index = 1; index <= times; index++) {
    history = judge(note(history, { id: `e${index}`, state: index % 2 === 1 ? 'critical' : 'ok' }, terms, index * everyMs), terms)
  }
  return history
}

describe('the share of changes', () => {
  // Worked out from the weights of Nagios: 0.75 for the oldest of 20 changes to 1.25 for the newest.
  it.each([
    [1, 0.0625],
    [2, 0.1237],
    [3, 0.1836],
    [4, 0.2421],
    [5, 0.2993],
    [6, 0.3553],
    [20, 1],
  ])('is, for the newest %i changes, %f', (count, share) => {
    expect(changedShare(changing(count, 1000))).toBeCloseTo(share, 4)
  })

  it('is never below 0 nor above 1, and never grows while nothing changes', () => {
    const step = fc.record({ waitMs: fc.integer({ min: 0, max: 5 * minute }), isOk: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 60 * minute }), (steps, laterMs) => {
        let history = newHistory(0)
        let nowMs = 0
        for (const [index, { waitMs, isOk }] of steps.entries()) {
          nowMs += waitMs
          history = note(history, { id: String(index), state: isOk ? 'ok' : 'critical' }, terms, nowMs)
          expect(history.states.length).toBeLessThanOrEqual(21)
        }
        const share = changedShare(history)
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(1)
        expect(changedShare(advance(history, terms, nowMs + laterMs))).toBeLessThanOrEqual(share)
      }),
    )
  })
})

describe('an alert', () => {
  it('flaps from the first time that it fires after six changes', () => {
    expect(changing(5, 10_000).is_flapping).toBe(false)
    expect(changing(6, 10_000).is_flapping).toBe(false)
    expect(changing(7, 10_000).is_flapping).toBe(true)
  })

  it('that fires and recovers once in five minutes does not', () => {
    expect(changing(50, 5 * minute).is_flapping).toBe(false)
  })

  it('has settled when the share is down to a fifth, and not before', () => {
    const history = changing(7, 10_000)
    const isFlappingAfter = (minutes: number): boolean =>
      judge(advance(history, terms, history.time_ms + minutes * minute), terms).is_flapping
    expect(isFlappingAfter(10)).toBe(true)
    expect(isFlappingAfter(20)).toBe(false)
  })

  it('takes an event that comes again after a crash for the same change', () => {
    const history = changing(3, 1000)
    expect(note(history, { id: 'e3', state: 'ok' }, terms, 9000)).toBe(history)
  })
})

import { derivedId, newId } from '@nightshift/shared/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const epochMs = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const ulid = /^[0-9A-HJKMNP-TV-Z]{26}$/

describe('a new id', () => {
  it('is unique and sorts in the order in which it was made, also within one millisecond', () => {
    const now = Date.now()
    const ids = Array.from({ length: 5000 }, (_, n) => newId(now + Math.floor(n / 1000)))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(ids)
    expect(ids[0]).toMatch(ulid)
  })

  it('never falls behind one made before, when the clock is set back', () => {
    const now = Date.now() + 1_000_000
    const before = newId(now)
    expect(newId(now - 60_000) > before).toBe(true)
  })
})

describe('a derived id', () => {
  it('is the same for the same facts and another for others', () => {
    fc.assert(
      fc.property(epochMs, fc.array(fc.string()), fc.array(fc.string()), (time, facts, others) => {
        expect(derivedId(time, ...facts)).toBe(derivedId(time, ...facts))
        expect(derivedId(time, ...facts)).toMatch(ulid)
        fc.pre(facts.join('\u0000') !== others.join('\u0000'))
        expect(derivedId(time, ...facts)).not.toBe(derivedId(time, ...others))
      }),
    )
  })

  it('sorts by its time', () => {
    fc.assert(
      fc.property(epochMs, epochMs, fc.string(), fc.string(), (one, other, fact, otherFact) => {
        fc.pre(one < other)
        expect(derivedId(one, fact) < derivedId(other, otherFact)).toBe(true)
      }),
    )
  })
})

import { SeenIds } from '@nightshift/shared/bus/seen-ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

describe('seen ids', () => {
  it('know what they were told, once', () => {
    const seen = new SeenIds(10)
    expect(seen.add('a')).toBe(true)
    expect(seen.add('a')).toBe(false)
    expect(seen.has('a')).toBe(true)
    expect(seen.has('b')).toBe(false)
  })

  it('keep the last ones, and are the same after they were stored and read', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 })), fc.integer({ min: 1, max: 20 }), (ids, capacity) => {
        const seen = new SeenIds(capacity)
        for (const id of ids) seen.add(id)
        expect(seen.size).toBeLessThanOrEqual(capacity)
        const again = new SeenIds(capacity, JSON.parse(JSON.stringify(seen)))
        expect(again.toJSON()).toEqual(seen.toJSON())
        for (const id of ids) expect(again.has(id)).toBe(seen.has(id))
        const last = ids.at(-1)
        fc.pre(last !== undefined)
        expect(again.has(last)).toBe(true)
      }),
    )
  })

  it('take over the newest when they were stored with more room', () => {
    expect(new SeenIds(2, ['a', 'b', 'c']).toJSON()).toEqual(['b', 'c'])
  })
})

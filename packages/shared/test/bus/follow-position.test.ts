import { resume, type StreamExtent } from '@nightshift/shared/bus/follow-position'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const stream: StreamExtent = { incarnation: 'a', firstSeq: 101, lastSeq: 200 }

describe('a follower that connects', () => {
  it('goes on behind its checkpoint', () => {
    expect(resume({ seq: 150, incarnation: 'a' }, stream)).toEqual({ seq: 150 })
    expect(resume({ seq: 150, incarnation: undefined }, stream)).toEqual({ seq: 150 })
    expect(resume({ seq: 200, incarnation: 'a' }, stream)).toEqual({ seq: 200 })
    expect(resume({ seq: 100, incarnation: 'a' }, stream)).toEqual({ seq: 100 })
  })

  it('begins at the beginning, or with what comes from now on, without a gap', () => {
    expect(resume({ seq: 0, incarnation: undefined }, stream)).toEqual({ seq: 0 })
    expect(resume({ seq: 'new', incarnation: undefined }, stream)).toEqual({ seq: 200 })
    expect(resume({ seq: 0, incarnation: undefined }, { incarnation: 'a', firstSeq: 0, lastSeq: 0 })).toEqual({ seq: 0 })
  })

  it('sees that messages expired while it was away', () => {
    expect(resume({ seq: 50, incarnation: 'a' }, stream)).toEqual({ seq: 100, gap: { afterSeq: 50, firstSeq: 101, reason: 'expired' } })
    const emptied = { incarnation: 'a', firstSeq: 201, lastSeq: 200 }
    expect(resume({ seq: 50, incarnation: 'a' }, emptied)).toEqual({ seq: 200, gap: { afterSeq: 50, firstSeq: 201, reason: 'expired' } })
    expect(resume({ seq: 200, incarnation: 'a' }, emptied)).toEqual({ seq: 200 })
  })

  it('sees that the stream is another one, also when that has outgrown the checkpoint', () => {
    expect(resume({ seq: 500, incarnation: undefined }, stream)).toEqual({
      seq: 0,
      gap: { afterSeq: 500, firstSeq: 101, reason: 'recreated' },
    })
    expect(resume({ seq: 500, incarnation: 'z' }, stream)).toEqual({ seq: 0, gap: { afterSeq: 500, firstSeq: 101, reason: 'recreated' } })
    expect(resume({ seq: 150, incarnation: 'z' }, stream)).toEqual({ seq: 0, gap: { afterSeq: 150, firstSeq: 101, reason: 'recreated' } })
    expect(resume({ seq: 5, incarnation: 'z' }, { incarnation: 'a', firstSeq: 0, lastSeq: 0 })).toEqual({
      seq: 0,
      gap: { afterSeq: 5, firstSeq: 1, reason: 'recreated' },
    })
  })

  it('does not read again what it handled when the same stream lost its tail', () => {
    expect(resume({ seq: 210, incarnation: 'a' }, stream)).toEqual({ seq: 200, gap: { afterSeq: 210, firstSeq: 201, reason: 'recreated' } })
  })

  it('never goes on behind the end, and always at the checkpoint or with a gap', () => {
    const position = fc.record({ seq: fc.nat(1000), incarnation: fc.constantFrom('a', 'b', undefined) })
    const extent = fc
      .tuple(fc.nat(500), fc.nat(500))
      .map(([first, count]) => ({ incarnation: 'a', firstSeq: first + 1, lastSeq: first + count }))
    fc.assert(
      fc.property(position, extent, (at, holds) => {
        const { seq, gap } = resume(at, holds)
        expect(seq).toBeLessThanOrEqual(holds.lastSeq)
        expect(gap !== undefined || seq === at.seq).toBe(true)
      }),
    )
  })
})

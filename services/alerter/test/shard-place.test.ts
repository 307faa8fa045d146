import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostToken } from '@nightshift/shared/subjects'
import { maxShards, ownsHost, shardOfToken } from '../src/shard-place.ts'

describe('a host', () => {
  it('belongs to exactly one shard, whatever it is called', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: maxShards }), (host, shards) => {
        const owners = Array.from({ length: shards }, (_, number) => number).filter((number) => ownsHost({ number, shards }, host))
        expect(owners).toEqual([shardOfToken(hostToken(host), shards)])
      }),
    )
  })

  it.each([2, 3, 5, 8])('finds as many neighbours in each of %d shards, also when names differ in a digit alone', (shards) => {
    const counts = Array.from({ length: shards }, () => 0)
    for (let number = 0; number < 8000; number++) {
      const shard = shardOfToken(hostToken(`web-${number}`), shards)
      counts[shard] = (counts[shard] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 8000 / shards)).toBeLessThan((8000 / shards) * 0.1)
  })

  it('which is none, the whole fleet, belongs to the first', () => {
    expect(ownsHost({ number: 0, shards: 8 }, null)).toBe(true)
  })
})

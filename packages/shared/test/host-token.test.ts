import { configNamePattern, decodeToken, encodeToken, fleetToken } from '@nightshift/shared/host-token'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** Any name a system may call itself, and worse. */
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 64 })

describe('a host token', () => {
  it.each([
    ['web-1', 'web-1'],
    ['db1.example.com', 'db1_2eexample_2ecom'],
    ['DB1.Example.COM', 'db1_2eexample_2ecom'],
    ['a_b', 'a_5fb'],
    ['münchen', 'm_c3_bcnchen'],
    ['host*>', 'host_2a_3e'],
    [' ', '_20'],
    ['_fleet', '_5ffleet'],
  ])('of %j is %j', (host, token) => {
    expect(encodeToken(host)).toBe(token)
  })

  it('is read back as the lower-cased name, for any name', () => {
    fc.assert(
      fc.property(name, (host) => {
        const isWhole = host.isWellFormed()
        fc.pre(isWhole)
        expect(decodeToken(encodeToken(host))).toBe(host.toLowerCase())
      }),
      { numRuns: 2000 },
    )
  })

  it('has only what is valid in subjects, keys and durable names, and is never the token of the fleet', () => {
    fc.assert(
      fc.property(name, (host) => {
        const token = encodeToken(host)
        expect(token).toMatch(/^[a-z0-9_-]+$/)
        expect(token).not.toBe(fleetToken)
      }),
      { numRuns: 2000 },
    )
  })

  it('is different for different names', () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        fc.pre(one.isWellFormed() && other.isWellFormed() && one.toLowerCase() !== other.toLowerCase())
        expect(encodeToken(one)).not.toBe(encodeToken(other))
      }),
      { numRuns: 2000 },
    )
  })

  it('is only what some name encodes to: everything else is refused', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('abAB019-_.2e5f*> ü')), maxLength: 12 })
    fc.assert(
      fc.property(text, (token) => {
        const host = decodeToken(token)
        expect(host === undefined || encodeToken(host) === token).toBe(true)
      }),
      { numRuns: 5000 },
    )
    for (const bad of ['', '_', '_2', '_2E', 'a.b', 'A', '_61', '_ff', '_c3', fleetToken, 'a b', 'a*'])
      expect(decodeToken(bad)).toBeUndefined()
  })

  it('needs a name', () => {
    expect(() => encodeToken('')).toThrow(expect.objectContaining({ code: 'empty_token' }))
  })
})

describe('a name in the configuration', () => {
  it('stands in a subject as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(configNamePattern), (text) => {
        expect(encodeToken(text)).toBe(text)
      }),
    )
  })

  it.each(['', 'Disk', 'disk full', 'a.b', 'a_b', 'x'.repeat(64), 'a\n'])('is not %j', (text) => {
    expect(configNamePattern.test(text)).toBe(false)
  })
})

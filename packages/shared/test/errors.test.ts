import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BusError, ConfigError, describeError, isTransient } from '../src/errors.ts'

describe('an error in one line', () => {
  test('names its causes after it', () => {
    const error = new BusError('no_bus', 'cannot reach NATS', { cause: new Error('connection refused', { cause: 'ECONNREFUSED' }) })
    expect(describeError(error)).toBe('cannot reach NATS: connection refused: ECONNREFUSED')
  })

  test('says nothing twice where a message tells of its cause already', () => {
    const cause = new Error('it is no JSON', { cause: 'a bracket is missing' })
    expect(describeError(new ConfigError('a', 'the file cannot be used: it is no JSON; mend it', { cause }))).toBe(
      'the file cannot be used: it is no JSON; mend it: a bracket is missing',
    )
  })

  test('ends where causes go in a circle', () => {
    const error = new Error('round')
    error.cause = new Error('and round', { cause: error })
    expect(describeError(error)).toMatch(/^round: and round: round/)
  })

  test('is had of anything that can be thrown', () => {
    expect(describeError({ toString: 0 })).toBe('[object Object]')
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (thing) => typeof describeError(thing) === 'string'))
  })
})

test('what nobody classified may pass: losing work is worse than trying again', () => {
  expect([new TypeError('x'), 'text', new ConfigError('a', 'b'), new BusError('a', 'b', { transient: true })].map(isTransient)).toEqual([
    true,
    true,
    false,
    true,
  ])
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NightshiftError } from '@nightshift/shared/errors'
import { parseSeries } from '../../src/simulate/scenario/series-notation.ts'

describe('the notation of series', () => {
  it.each([
    ['1 2 3', [1, 2, 3]],
    ['0+10x5', [0, 10, 20, 30, 40, 50]],
    ['5x3', [5, 5, 5, 5]],
    ['10-2.5x4', [10, 7.5, 5, 2.5, 0]],
    ['0.5+0.1x5', [0.5, 0.6, 0.7, 0.8, 0.9, 1]],
    ['-2+1x2', [-2, -1, 0]],
    ['_ _x2 3', ['missing', 'missing', 'missing', 3]],
    ['null nullx1 stale', ['unreadable', 'unreadable', 'stale']],
    ['85% 85%+5%x1', [0.85, 0.85, 0.9]],
    ['10GiB 500ms', [10 * 1024 ** 3, 0.5]],
    ['1e3', [1000]],
  ])('reads %s as promtool does', (text, samples) => {
    expect(parseSeries(text)).toEqual(samples)
  })

  it.each([
    ['1 two 3', /"two" is no sample/],
    ['1+1', /how often: 1\+1x5/],
    ['', /is no sample/],
    ['_x999999', /longer than/],
    ['1x999999', /longer than/],
    ['1x60000 1x60000', /longer than/],
  ])('refuses %j and says what to write', (text, message) => {
    expect(() => parseSeries(text)).toThrow(message)
  })

  it('takes any text, and gives samples or a ContractError', () => {
    const pieces = fc.array(fc.constantFrom('0', '1', '.', '+', '-', 'x', '_', 'stale', 'null', '%', 'e', ' ', 'GiB'), { maxLength: 12 })
    fc.assert(
      fc.property(pieces, (parts) => {
        expect(outcomeOf(parts.join(''))).toBe('fine')
      }),
    )
  })
})

function outcomeOf(text: string): string {
  try {
    const { length } = parseSeries(text)
    return length <= 100_000 ? 'fine' : `${length} samples`
  } catch (error) {
    return error instanceof NightshiftError ? 'fine' : String(error)
  }
}

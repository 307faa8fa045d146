import {
  argv,
  configName,
  duration,
  formatDuration,
  formatSize,
  parseDuration,
  parsePercentage,
  parseSize,
  quantity,
  size,
} from '@nightshift/shared/config/scalars'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'

/** The first complaint with its hint, as the schema gives it. */
function complaint(schema: z.ZodType, input: unknown): string {
  const issue = schema.safeParse(input).error?.issues[0]
  const hint: unknown = issue?.code === 'custom' ? issue.params?.['hint'] : undefined
  return [issue?.message ?? 'accepted', ...(typeof hint === 'string' ? [hint] : [])].join('; ')
}

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(duration().parse(text)).toBe(ms)
  })

  test.each([
    ['10', '"10" is not a duration; write for example 10s, 5m or 1h30m'],
    ['10 min', '"10 min" is not a duration; did you mean 10m?'],
    ['5 minutes', '"5 minutes" is not a duration; did you mean 5m?'],
    ['30 Seconds', '"30 Seconds" is not a duration; did you mean 30s?'],
    ['20msec', '"20msec" is not a duration; did you mean 20ms?'],
    ['-5s', '"-5s" is not a duration; write for example 10s, 5m or 1h30m'],
    ['', '"" is not a duration; write for example 10s, 5m or 1h30m'],
    ['100ms', '100ms is too short; the shortest is 250ms'],
    ['2h', '2h is too long; the longest is 1h'],
    [10, '10 has no unit; write for example 10s or 10m'],
    [null, 'has no value; write for example 10s, 5m or 1h30m, or remove the key'],
    [['10s'], 'must be a duration; write for example 10s, 5m or 1h30m'],
  ])('%j is refused', (input, message) => {
    expect(complaint(duration({ min: 250, max: 3_600_000 }), input)).toBe(message)
  })

  test('that is longer than ten years is refused, whatever the bounds', () => {
    expect(complaint(duration(), '999999999w')).toBe('999999999w is too long; the longest is 3650d')
  })

  test('is written as it is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000)
      }),
    )
    expect([0, 250, 1500, 90_000].map(formatDuration)).toEqual(['0ms', '250ms', '1.5s', '1m30s'])
  })
})

describe('a size', () => {
  test.each([
    ['512MiB', 536_870_912],
    ['10GB', 10_000_000_000],
    ['1.5 KiB', 1536],
    ['0B', 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(size().parse(text)).toBe(bytes)
  })

  test.each([
    ['10G', '"10G" is not a size; did you mean 10GiB?'],
    ['512mb', '"512mb" is not a size; did you mean 512MB?'],
    ['1 gib', '"1 gib" is not a size; did you mean 1GiB?'],
    ['big', '"big" is not a size; write for example 512MiB or 10GiB'],
    ['1KiB', '1KiB is too small; the smallest is 1MiB'],
    ['2TiB', '2TiB is too large; the largest is 1TiB'],
    [1_073_741_824, '1073741824 has no unit; did you mean 1GiB?'],
    [5, '5 has no unit; write for example 512MiB or 10GiB'],
  ])('%j is refused', (input, message) => {
    expect(complaint(size({ min: 1024 ** 2, max: 1024 ** 4 }), input)).toBe(message)
  })

  test('is written as it is read', () => {
    fc.assert(
      fc.property(fc.nat(), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes)
      }),
    )
  })
})

describe('a quantity', () => {
  test.each([
    ['85%', 0.85],
    ['85 %', 0.85],
    ['0.85', 0.85],
    [0.85, 0.85],
    ['-5', -5],
    ['10GiB', 10_737_418_240],
    ['500ms', 0.5],
    ['1h30m', 5400],
  ])('%j is %d', (input, value) => {
    expect(quantity().parse(input)).toBe(value)
  })

  test.each([
    ['85 percent', '"85 percent" is not a number; write for example 85%, 0.85, 10GiB or 500ms'],
    ['10G', '"10G" is not a number; did you mean 10GiB?'],
    [true, 'must be a number; write for example 85%, 0.85, 10GiB or 500ms'],
    [Number.POSITIVE_INFINITY, 'must be a number; write for example 85%, 0.85, 10GiB or 500ms'],
  ])('%j is refused', (input, message) => {
    expect(complaint(quantity(), input)).toBe(message)
  })

  test('a percentage is a share', () => {
    expect([parsePercentage('100%'), parsePercentage('-2.5 %'), parsePercentage('100')]).toEqual([1, -0.025, undefined])
  })
})

describe('a name', () => {
  test.each(['web', 'web-1', '8080', 'a'.repeat(63)])('%s is one', (name) => {
    expect(configName().parse(name)).toBe(name)
  })

  test.each([
    ['Web Server', '"Web Server" cannot be a name; use 1 to 63 of a-z, 0-9 and -, for example "web-server"'],
    ['db.example.com', '"db.example.com" cannot be a name; use 1 to 63 of a-z, 0-9 and -, for example "db-example-com"'],
    ['웹', '"웹" cannot be a name; use 1 to 63 of a-z, 0-9 and -'],
    ['', '"" cannot be a name; use 1 to 63 of a-z, 0-9 and -'],
  ])('%j is none', (name, message) => {
    expect(complaint(configName(), name)).toBe(message)
  })

  test('that is proposed is one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100, unit: 'binary' }), (name) => {
        const proposed = /for example "(.*)"$/.exec(complaint(configName(), name))?.[1]
        expect(proposed === undefined || configName().safeParse(proposed).success).toBe(true)
      }),
    )
  })
})

test('a command has a program', () => {
  expect(argv().safeParse([]).success).toBe(false)
  expect(argv().parse(['systemctl', 'restart', 'web'])).toHaveLength(3)
})

test('no text makes a scalar throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9.]{0,20} ?[a-zA-Z%]{0,5}$/)), (text) => {
      for (const schema of [duration(), size(), quantity()]) {
        const result = schema.safeParse(text)
        expect(!result.success || Number.isFinite(result.data)).toBe(true)
      }
    }),
  )
})

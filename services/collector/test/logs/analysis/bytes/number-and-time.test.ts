import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseNumber, parseSeconds } from '../../../../src/logs/analysis/bytes/number-text.ts'
import { epochMs, hourOfDay, parseClfTime, parseDayTime, parseIsoTime } from '../../../../src/logs/analysis/bytes/time-text.ts'

const spanned = <T>(parse: (bytes: Buffer, from: number, to: number) => T, text: string): T => {
  const bytes = Buffer.from(`<${text}>\n`)
  return parse(bytes, 1, bytes.length - 2)
}

test('a number in bytes is the one that Number reads, to the last bit', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(spanned(parseNumber, JSON.stringify(value))).toBe(Number(JSON.stringify(value)))
    }),
  )
  fc.assert(
    fc.property(fc.stringMatching(/^-?\d{1,18}(\.\d{1,18})?$/), (text) => {
      expect(spanned(parseNumber, text)).toBe(Number(text))
    }),
  )
  for (const text of ['', '-', '1.', '.5', '1e', 'abc', '12x', '1.2.3']) expect(spanned(parseNumber, text)).toBeNaN()
})

test('lengths of time may carry their unit', () => {
  const seconds = (text: string): number => spanned((bytes, from, to) => parseSeconds(bytes, from, to, 1e-3), text)
  expect([seconds('250'), seconds('250ms'), seconds('1.5s'), seconds('2m')]).toEqual([0.25, 0.25, 1.5, 120])
  expect(seconds('200µs')).toBeCloseTo(0.0002, 9)
  expect(seconds('fast')).toBeNaN()
})

test('ISO times with Z, an offset, a blank or a comma are what Date makes of them', () => {
  const time = fc.date({ min: new Date('1975-01-01T00:00:00Z'), max: new Date('2099-12-31T23:59:59Z'), noInvalidDate: true })
  fc.assert(
    fc.property(time, (date) => {
      expect(spanned(parseIsoTime, date.toISOString())).toBe(date.getTime())
    }),
  )
  expect(spanned(parseIsoTime, '2025-10-21 13:30:00,250+09:00')).toBe(Date.UTC(2025, 9, 21, 4, 30, 0, 250))
  expect(spanned(parseIsoTime, '2025-10-21T13:30:00.123456789-0330')).toBe(Date.UTC(2025, 9, 21, 17, 0, 0, 123))
  expect(spanned(parseIsoTime, '2025-10-21 13:30:00.5 UTC')).toBe(Date.UTC(2025, 9, 21, 13, 30, 0, 500))
  expect(spanned(parseIsoTime, '2025-10-21 13:30:00')).toBe(new Date(2025, 9, 21, 13, 30).getTime())
  for (const text of ['2025-13-21T13:30:00Z', '21/10/2025 13:30:00', 'yesterday at ten o']) expect(spanned(parseIsoTime, text)).toBeNaN()
})

test('times of access logs, syslog, Redis and epoch numbers of any unit', () => {
  expect(spanned(parseClfTime, '21/Oct/2025:13:30:00 +0900')).toBe(Date.UTC(2025, 9, 21, 4, 30))
  expect(spanned(parseClfTime, '21/Foo/2025:13:30:00 +0900')).toBeNaN()
  const receivedMs = new Date(2026, 0, 1, 0, 5).getTime()
  expect(parseDayTime('Dec 31 23:59:00', receivedMs)).toBe(new Date(2025, 11, 31, 23, 59).getTime())
  expect(parseDayTime('Jan  1 00:01:00', receivedMs)).toBe(new Date(2026, 0, 1, 0, 1).getTime())
  expect(parseDayTime('21 Oct 2025 13:30:00.123', receivedMs)).toBe(new Date(2025, 9, 21, 13, 30, 0, 123).getTime())
  expect([1761055200, 1761055200000, 1761055200000000, 1.7610552e18].map(epochMs)).toEqual([
    1761055200000, 1761055200000, 1761055200000, 1761055200000,
  ])
  expect(epochMs(12)).toBeNaN()
})

test('the hour of the day is that of the clock of the host', () => {
  expect(hourOfDay(new Date(2025, 9, 21, 0, 30).getTime())).toBe(0)
  expect(hourOfDay(new Date(2025, 6, 21, 23, 59).getTime())).toBe(23)
})

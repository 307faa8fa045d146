import { expect, it } from 'vitest'
import { createFormat } from '../../../src/console/client/format.js'
import { isSilent, levelOf } from '../../../src/console/client/levels.js'
import { findTexts } from '../../../src/console/client/texts.js'
import { startMs } from '../../fixture-events.ts'

const english = createFormat('en', findTexts('en'), 'UTC')
const korean = createFormat('ko', findTexts('ko'), 'Asia/Seoul')

it('writes numbers with their unit, and a dash for what cannot be read', () => {
  expect([0, 1023, 1024, 8.5 * 1024 ** 3, 900 * 1024 ** 4].map(english.bytes)).toEqual(['0 B', '1023 B', '1.0 KiB', '8.5 GiB', '900 TiB'])
  expect([999, 1500, 1_340_000].map(english.rate)).toEqual(['999 B/s', '1.5 kB/s', '1.3 MB/s'])
  expect([0.0004, 0.0041, 0.412, 3.21, 75].map(english.latency)).toEqual(['< 1 ms', '4 ms', '412 ms', '3.2 s', '75 s'])
  expect([english.bytes(null), english.rate(undefined), english.latency(null), english.percent(null), english.decimal(null)]).toEqual(
    Array(5).fill('–'),
  )
})

it('writes times in the zone and the language of the reader', () => {
  const time = '2026-11-21T12:00:00.000Z'
  expect(english.clock(time, startMs)).toBe('12:00')
  expect(english.seconds(time, startMs + 86_400_000)).toBe('Nov 21 12:00:00')
  expect(korean.clock(time, startMs)).toBe('21:00')
  expect(english.ago(time, startMs + 1000)).toBe('now')
  expect(english.ago(time, startMs + 61_000)).toBe('1 min ago')
  expect(korean.ago(time, startMs + 7_200_000)).toBe('2시간 전')
  expect(english.ago(time, startMs - 5000)).toBe('now')
})

it('turns amber and red where the users wanted it', () => {
  expect([0.7, 0.701, 0.85, 0.851].map((ratio) => levelOf('cpu', ratio))).toEqual(['ok', 'warning', 'warning', 'critical'])
  expect([0.8, 0.801, 0.9, 0.901].map((ratio) => levelOf('memory', ratio))).toEqual(['ok', 'warning', 'warning', 'critical'])
  expect([0.8, 0.801, 0.9, 0.901, null].map((ratio) => levelOf('disk', ratio))).toEqual(['ok', 'warning', 'warning', 'critical', 'ok'])
})

it('calls a host silent after three missed heartbeats', () => {
  const seen = { last_seen_time: '2026-11-21T12:00:00.000Z' }
  expect([startMs + 30_000, startMs + 30_001].map((now) => isSilent(seen, now))).toEqual([false, true])
  expect(isSilent({ last_seen_time: null }, startMs)).toBe(false)
})

import { expect, it } from 'vitest'
import { startAfter } from '../src/start-position.ts'

const lookBack = { sinceMs: 60_000, minMessages: 10, maxMessages: 1000 }
const hourMs = 3_600_000

it('reads the last minutes, by the mean rate of the stream', () => {
  expect(startAfter({ firstSeq: 1, lastSeq: 36_000, firstMs: 0 }, lookBack, hourMs)).toBe(36_000 - 600)
})

it('reads at least some messages of a slow stream and at most its bound of a fast one', () => {
  expect(startAfter({ firstSeq: 1, lastSeq: 100, firstMs: 0 }, lookBack, hourMs)).toBe(90)
  expect(startAfter({ firstSeq: 1, lastSeq: 36_000_000, firstMs: 0 }, lookBack, hourMs)).toBe(36_000_000 - 1000)
})

it('reads everything of a stream that is younger or shorter than what is asked for', () => {
  expect(startAfter({ firstSeq: 1, lastSeq: 50, firstMs: hourMs - 1000 }, lookBack, hourMs)).toBe(0)
  expect(startAfter({ firstSeq: 501, lastSeq: 505, firstMs: 0 }, lookBack, hourMs)).toBe(500)
  expect(startAfter({ firstSeq: 1, lastSeq: 700, firstMs: 0 }, { ...lookBack, sinceMs: Number.POSITIVE_INFINITY }, hourMs)).toBe(0)
})

it('begins at the end of an empty stream, new or expired', () => {
  expect(startAfter({ firstSeq: 0, lastSeq: 0, firstMs: 0 }, lookBack, hourMs)).toBe(0)
  expect(startAfter({ firstSeq: 901, lastSeq: 900, firstMs: 0 }, lookBack, hourMs)).toBe(900)
})

it('takes a clock behind the first message for a young stream', () => {
  expect(startAfter({ firstSeq: 1, lastSeq: 500, firstMs: hourMs }, lookBack, 0)).toBe(0)
})

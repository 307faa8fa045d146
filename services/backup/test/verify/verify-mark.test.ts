import { expect, test } from 'vitest'
import { dueMs } from '../../src/jobs/schedule.ts'
import { markOfEnd, markOfStart, newMark } from '../../src/verify/verify-mark.ts'

const hourMs = 3_600_000
const midnightMs = Date.UTC(2026, 10, 2)
const terms = { crons: ['30 4 * * *'], timezone: 'UTC', jitterMs: 0, catchUp: true, window: null }
const due = (mark: Parameters<typeof dueMs>[1], nowMs: number): number | null => dueMs(terms, mark, 0, nowMs)

test('the first time is the first slot after it was planned, and what passed comes again at the next', () => {
  const mark = newMark(midnightMs)
  const slotMs = midnightMs + 4.5 * hourMs
  expect(due(mark, midnightMs)).toBe(slotMs)
  const passed = markOfEnd(markOfStart(mark, true, slotMs), { findings: [] }, slotMs + 1000)
  expect(passed).toMatchObject({ turn: 1, passed: true, error: null })
  expect(due(passed, slotMs + 1000)).toBe(slotMs + 24 * hourMs)
})

test('what was missed while the host was down is made good once', () => {
  const mark = markOfEnd(markOfStart(newMark(midnightMs), true, midnightMs + 5 * hourMs), { findings: [] }, midnightMs + 5 * hourMs)
  const backMs = midnightMs + 24 * 5 * hourMs + hourMs
  expect(due(mark, backMs)).toBeLessThanOrEqual(backMs)
  expect(due(markOfEnd(markOfStart(mark, true, backMs), { findings: [] }, backMs), backMs)).toBeGreaterThan(backMs)
})

test('what may pass is tried again in an hour, three times in all; then it is the turn of the next', () => {
  const away = { error: 'the store is away', transient: true }
  let mark = newMark(midnightMs)
  let nowMs = midnightMs + 5 * hourMs
  for (const attempt of [1, 2]) {
    mark = markOfEnd(markOfStart(mark, true, nowMs), away, nowMs)
    expect(mark).toMatchObject({ attempt, turn: 0, passed: false, error: 'the store is away' })
    expect(due(mark, nowMs)).toBe(nowMs + hourMs)
    nowMs += hourMs
  }
  mark = markOfEnd(markOfStart(mark, true, nowMs), away, nowMs)
  expect(mark).toMatchObject({ attempt: 3, turn: 1, retryMs: null })
  expect(due(mark, nowMs)).toBe(midnightMs + 28.5 * hourMs)
})

test('what differs is not tried again before its time', () => {
  const nowMs = midnightMs + 5 * hourMs
  expect(markOfEnd(markOfStart(newMark(midnightMs), true, nowMs), { findings: ['/a is not there'] }, nowMs)).toMatchObject({
    passed: false,
    error: '/a is not there',
    retryMs: null,
    turn: 1,
  })
})

test('one that a crash cut off is tried again, and one on request moves no slot', () => {
  const nowMs = midnightMs + 5 * hourMs
  expect(due(markOfStart(newMark(midnightMs), true, nowMs), nowMs)).toBe(nowMs + hourMs)
  const asked = markOfStart(newMark(midnightMs), false, midnightMs + hourMs)
  expect(due(asked, midnightMs + hourMs)).toBe(midnightMs + 4.5 * hourMs)
  expect(markOfEnd(asked, { error: 'away', transient: true }, midnightMs + hourMs).retryMs).toBeNull()
})

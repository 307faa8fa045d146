import { expect, test } from 'vitest'
import { judge, summarize } from '../../src/posture/judge.ts'

const nothing = { findings: [], recent: [], unread: [], lookedAt: 3 }

test('nothing wrong and all looked at is ok', () => {
  expect(judge(nothing)).toEqual({ ok: true, error: null, detail: { findings: 0, differences: 0, looked_at: 3, unreadable: 0 } })
})

test('a finding or a new difference is a failure, the worst first, even when something could not be looked at', () => {
  const outcome = judge({
    ...nothing,
    findings: [
      { text: 'mild', level: 'warning' },
      { text: 'bad', level: 'critical' },
    ],
    recent: [{ text: 'new', epochMs: 0 }],
    unread: ['/x may not be read by this user'],
  })
  expect(outcome).toMatchObject({
    ok: false,
    error: 'new; bad; mild',
    detail: { findings: 2, differences: 1, unreadable: 1, level: 'critical' },
  })
  expect(outcome.detail['unreadable_why']).toBe('/x may not be read by this user')
})

test('what could not be looked at leaves the answer open and says why', () => {
  expect(judge({ ...nothing, unread: ['/x is not there'] })).toMatchObject({
    ok: null,
    error: 'not everything could be looked at: /x is not there',
  })
})

test('texts are told up to a bound, and how many more there are', () => {
  const texts = Array.from({ length: 25 }, (_, index) => `finding ${index}`)
  expect(summarize(texts, 2000)).toMatch(/^finding 0; .*; finding 9; and 15 more$/)
  const long = judge({ ...nothing, findings: Array.from({ length: 1000 }, () => ({ text: 'x'.repeat(5000), level: 'warning' as const })) })
  expect(long.error?.length).toBeLessThanOrEqual(2001)
  expect(String(long.detail['list']).length).toBeLessThanOrEqual(4000)
})

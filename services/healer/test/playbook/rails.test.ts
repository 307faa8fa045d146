import { describe, expect, test } from 'vitest'
import type { Policy } from '../../src/playbook/playbook.ts'
import { judge, recordAct, recordRecovery, type History, type RailsInput } from '../../src/playbook/rails.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
const now = Date.parse('2026-11-21T03:00:00.000Z')
const policy: Policy = { mode: 'auto', attempts: 3, windowMs: 15 * minuteMs, backoffMs: [0], cooldownMs: minuteMs, maxHoldMs: 24 * hourMs }
const free = { killSwitch: null, hold: null }
const nothing: History = { acts: [], recoveredMs: {} }

function acted(...agoMs: number[]): History {
  return agoMs.reduce<History>(
    (history, ago, index) => ({ ...history, acts: [...history.acts, { target: 'web', run: `r${index}`, atMs: now - ago }] }),
    nothing,
  )
}

function ask(history: History, change: Partial<RailsInput> = {}) {
  return judge({ policy, target: 'web', run: 'r-now', history, rate: { actions: 10, perMs: 10 * minuteMs }, control: free, ...change }, now)
}

test('the first heal goes', () => {
  expect(ask(nothing)).toEqual({ kind: 'go', recurring: false, heals: 1 })
})

describe('the switches of people', () => {
  test('the kill switch holds, and its reason is told', () => {
    expect(ask(nothing, { control: { killSwitch: 'migration (ann)', hold: null } })).toMatchObject({
      kind: 'hold',
      cause: 'control',
      reason: /migration/,
    })
  })
  test('a hold on this host holds', () => {
    expect(ask(nothing, { control: { killSwitch: null, hold: 'deploy (bob)' } })).toMatchObject({
      kind: 'hold',
      cause: 'control',
      reason: /deploy/,
    })
  })
  test('a switch that cannot be read holds', () => {
    expect(ask(nothing, { control: undefined })).toMatchObject({ kind: 'hold', cause: 'unreachable' })
  })
})

describe('attempts on a target', () => {
  test('the fourth within the window is stopped', () => {
    expect(ask(acted(minuteMs, 2 * minuteMs, 14 * minuteMs))).toMatchObject({ kind: 'stop', reason: /3 attempts on web within 15m/ })
  })
  test('they leave the window with time, not with success', () => {
    expect(ask(acted(minuteMs, 2 * minuteMs, 15 * minuteMs))).toMatchObject({ kind: 'go' })
  })
  test('those on another target do not count', () => {
    expect(ask(acted(minuteMs, minuteMs, minuteMs), { target: 'db' })).toMatchObject({ kind: 'go', heals: 1 })
  })
  test('those of a clock that was set back since still count, those of a clock gone wild do not', () => {
    expect(ask(acted(-minuteMs, -2 * minuteMs, -3 * minuteMs))).toMatchObject({ kind: 'stop' })
    expect(ask(acted(-400 * 24 * hourMs, -400 * 24 * hourMs, -400 * 24 * hourMs))).toMatchObject({ kind: 'go' })
  })
})

describe('heals of a target within a day', () => {
  test('the third is told to be recurring', () => {
    expect(ask(acted(2 * hourMs))).toMatchObject({ recurring: false, heals: 2 })
    expect(ask(acted(2 * hourMs, 3 * hourMs))).toMatchObject({ recurring: true, heals: 3 })
  })
  test('after six a person must look', () => {
    expect(ask(acted(...[2, 3, 4, 5, 6].map((hours) => hours * hourMs)))).toMatchObject({ kind: 'go', heals: 6 })
    expect(ask(acted(...[2, 3, 4, 5, 6, 7].map((hours) => hours * hourMs)))).toMatchObject({ kind: 'stop', reason: /6 times within a day/ })
  })
  test('further attempts of the same run are the same heal', () => {
    const history = [2, 3, 4, 5, 6, 7].reduce<History>(
      (past, hours) => recordAct(past, { target: 'web', run: 'r-now', atMs: now - hours * hourMs }),
      nothing,
    )
    expect(ask(history)).toMatchObject({ kind: 'go', heals: 1 })
  })
})

test('a target rests after it was healed, and the end of the rest is told', () => {
  const history = recordRecovery(nothing, 'web', now - 20_000)
  expect(ask(history)).toMatchObject({ kind: 'hold', cause: 'limit', untilMs: now + 40_000 })
  expect(ask(recordRecovery(nothing, 'web', now - minuteMs))).toMatchObject({ kind: 'go' })
})

test('all targets together do not pass the rate of the host; it holds until the oldest action leaves the window', () => {
  const acts = Array.from({ length: 10 }, (_, index) => ({ target: `t${index}`, run: `r${index}`, atMs: now - (index + 1) * 1000 }))
  expect(ask({ acts, recoveredMs: {} })).toMatchObject({ kind: 'hold', cause: 'limit', untilMs: now - 10_000 + 10 * minuteMs })
  expect(ask({ acts: acts.slice(1), recoveredMs: {} })).toMatchObject({ kind: 'go' })
})

test('acts are forgotten after a day', () => {
  const history = recordAct(acted(25 * hourMs, hourMs), { target: 'web', run: 'r-now', atMs: now })
  expect(history.acts.map((act) => now - act.atMs)).toEqual([hourMs, 0])
})

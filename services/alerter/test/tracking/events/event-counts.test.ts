import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Received } from '@nightshift/shared/events/parse'
import { isoTime } from '@nightshift/shared/clock'
import { compileRules } from '../../../src/rules/compile.ts'
import type { EventRule } from '../../../src/rules/rule.ts'
import { ruleSchema } from '../../../src/rules/rule-config.ts'
import { EventCounts, levelOf } from '../../../src/tracking/events/event-counts.ts'

const start = Date.parse('2026-11-21T03:00:00.000Z')

function ruleOf(config: unknown): EventRule {
  const [rule] = compileRules({ rules: { r: ruleSchema.parse(config) }, default_rules: false }).eventRules
  if (rule === undefined) throw new Error('no rule on events')
  return rule
}

/** As much of an event as is looked at. */
function backup(atMs: number, phase: string, change: { job?: string; host?: string; id?: string } = {}): Received {
  const { job = 'nightly', host = 'db-1', id = `${atMs} ${phase}` } = change
  const event = { id, time: isoTime(atMs), host, job, phase }
  return { kind: 'backup', subject: '', address: { kind: 'backup', host, job, phase }, event } as unknown as Received
}

it('events are counted for each host and job, once each, and only those that the rule names', () => {
  const rule = ruleOf({ event: 'backup.failed', over: '1h', above: { warning: 0, critical: 1 }, where: { job: 'night*' } })
  const counts = new EventCounts()
  const take = (received: Received) => counts.take([rule], received, start).map((counted) => levelOf(rule, counts.count(counted, start)))
  expect(take(backup(start, 'failed'))).toEqual(['warning'])
  expect(take(backup(start, 'failed'))).toEqual(['warning'])
  expect(take(backup(start, 'completed'))).toEqual([])
  expect(take(backup(start, 'failed', { job: 'weekly' }))).toEqual([])
  expect(take(backup(start, 'failed', { host: 'db-2' }))).toEqual(['warning'])
  expect(take(backup(start - 1, 'failed'))).toEqual(['critical'])
  expect(take(backup(start - 3_600_000, 'failed'))).toEqual([])
})

it.each([
  ['backup.rpo_missed', { rpo_met: false }, { rpo_met: true }],
  ['backup.rto_missed', { rto_met: false }, { rto_met: null }],
  [
    'backup.copies_missing',
    { copies_met: false, destinations: [{ ok: true }, { ok: false }] },
    { copies_met: false, destinations: [{ ok: true }] },
  ],
  ['backup.drill_failed', { phase: 'drill_failed' }, { phase: 'drill' }],
])('a backup says by itself that it breaks a promise: %s', (event, broken, kept) => {
  const rule = ruleOf({ event, over: '1d' })
  const told = (change: object): number => {
    const received = backup(start, 'completed')
    return new EventCounts().take([rule], { ...received, event: { ...received.event, ...change } } as unknown as Received, start).length
  }
  expect([told(broken), told(kept), told({})]).toEqual([1, 0, 0])
})

it('the count agrees with a naive one at every moment, and is bounded', () => {
  const rule = ruleOf({ event: 'backup.*', over: '1m' })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(30_000), fc.nat(40_000)), { maxLength: 60 }), (steps) => {
      const counts = new EventCounts()
      const times: number[] = []
      let nowMs = start
      for (const [index, [pauseMs, ageMs]] of steps.entries()) {
        nowMs += pauseMs
        times.push(nowMs - ageMs)
        const [counted] = counts.take([rule], backup(nowMs - ageMs, 'failed', { id: String(index) }), nowMs)
        const wanted = times.filter((at) => nowMs - at < 60_000).length
        expect(counted === undefined ? undefined : counts.count(counted, nowMs)).toBe(wanted)
      }
    }),
  )
  const counts = new EventCounts()
  for (let index = 0; index < 5000; index++) counts.take([rule], backup(start, 'failed', { id: String(index) }), start)
  expect(counts.all().map(({ events }) => events.size)).toEqual([1000])
})

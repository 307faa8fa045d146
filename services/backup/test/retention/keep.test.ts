import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retentionConfigSchema } from '../../src/config/retention-config.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { calendar } from '../../src/retention/calendar.ts'
import { decideRetention, type Datable, type KeepPolicy } from '../../src/retention/keep.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'
import { backUp, createRepository } from '../snapshot/test-repository.ts'

const dayMs = 86_400_000
const nowMs = Date.parse('2026-03-31T12:00:00Z')

function daily(days: number, tags: readonly string[] = ['job=db']): Datable[] {
  return Array.from({ length: days }, (_, age) => ({ id: `s${age}`, timeMs: nowMs - age * dayMs, tags }))
}

function kept(snapshots: readonly Datable[], policy: KeepPolicy, timezone = 'UTC'): string[] {
  return decideRetention(snapshots, policy, nowMs, timezone)
    .filter(({ keep }) => keep)
    .map(({ snapshot }) => snapshot.id)
}

test('7 days, 4 weeks and 12 months keep what a person counts on a calendar', () => {
  const decided = decideRetention(daily(400), { daily: 7, weekly: 4, monthly: 12 }, nowMs)
  const reasons = new Map(decided.map(({ snapshot, reasons }) => [snapshot.id, reasons.join(', ')]))
  expect(decided.filter(({ keep }) => keep)).toHaveLength(7 + 2 + 11)
  expect(reasons.get('s0')).toBe('daily, weekly, monthly, last of its job')
  expect(reasons.get('s6')).toBe('daily')
  // 22 March 2026 is the Sunday of the week before the last; 28 February ends its month.
  expect(reasons.get('s9')).toBe('weekly')
  expect(reasons.get('s31')).toBe('monthly')
  expect(reasons.get('s30')).toBe('no rule keeps it')
})

test('the default of a job keeps 30 days whole, then weeks and months', () => {
  const policy = retentionConfigSchema.parse(undefined)
  expect(policy).toEqual({ withinMs: 30 * dayMs, weekly: 4, monthly: 12 })
  expect(kept(daily(30), policy)).toHaveLength(30)
  expect(kept(daily(400), policy)).toHaveLength(30 + 11)
})

test('forever keeps all, and a policy that would keep nothing is refused', () => {
  expect(kept(daily(50), retentionConfigSchema.parse('forever'))).toHaveLength(50)
  expect(retentionConfigSchema.safeParse({}).success).toBe(false)
  expect(retentionConfigSchema.safeParse({ daily: 0 }).success).toBe(false)
  expect(retentionConfigSchema.safeParse({ dayly: 1 }).success).toBe(false)
})

test('days are those of the time zone', () => {
  // 14:30 and 15:30 UTC: the same day in London, two days in Seoul.
  const snapshots = ['2026-01-10T14:30:00Z', '2026-01-10T15:30:00Z', '2026-01-08T00:00:00Z'].map((time, index) => ({
    id: `s${index}`,
    timeMs: Date.parse(time),
    tags: [],
  }))
  expect(kept(snapshots, { daily: 2 }, 'Europe/London')).toEqual(['s1', 's2'])
  expect(kept(snapshots, { daily: 2 }, 'Asia/Seoul')).toEqual(['s1', 's0'])
  expect(calendar(Date.parse('2026-01-01T00:30:00Z'), 'America/New_York')).toMatchObject({
    yearly: 2025,
    monthly: 202_512,
    daily: 20_251_231,
  })
})

test('ISO weeks belong to the year of their Thursday', () => {
  const week = (day: string): number => calendar(Date.parse(`${day}T00:00:00Z`), 'UTC').weekly
  expect([week('2021-01-03'), week('2021-01-04'), week('2026-12-31'), week('2027-01-03'), week('2024-12-30')]).toEqual([
    202_053, 202_101, 202_653, 202_653, 202_501,
  ])
})

describe('what no policy removes', () => {
  test('the last verified snapshot of each job, else its last', () => {
    const snapshots: Datable[] = [
      { id: 'old verified', timeMs: nowMs - 900 * dayMs, tags: ['job=db', 'verified=2023-01-01T00:00:00Z'] },
      { id: 'verified', timeMs: nowMs - 800 * dayMs, tags: ['job=db', 'verified=2024-01-01T00:00:00Z'] },
      { id: 'newer', timeMs: nowMs - 10 * dayMs, tags: ['job=db'] },
      { id: 'other job', timeMs: nowMs - 700 * dayMs, tags: ['job=files'] },
      { id: 'newest', timeMs: nowMs, tags: ['job=db'] },
    ]
    expect(kept(snapshots, { last: 1 }).toSorted()).toEqual(['newest', 'other job', 'verified'])
  })

  test('a job that stopped loses nothing by time alone', () => {
    const stopped = daily(20).map((snapshot) => ({ ...snapshot, timeMs: snapshot.timeMs - 500 * dayMs }))
    expect(kept(stopped, { withinMs: 30 * dayMs })).toHaveLength(20)
  })

  test('a snapshot from the future neither goes nor makes others old', () => {
    const snapshots = [...daily(5), { id: 'future', timeMs: nowMs + 9000 * dayMs, tags: ['job=db'] }]
    expect(kept(snapshots, { withinMs: 10 * dayMs })).toHaveLength(6)
  })
})

/** The rules once more, written the other way round: each kind alone, oldest first, and only then joined. */
function model(snapshots: readonly Datable[], policy: KeepPolicy): Set<string> {
  const oldestFirst = snapshots.toSorted((one, other) => one.timeMs - other.timeMs || (one.id < other.id ? 1 : -1))
  const latestMs = oldestFirst.at(-1)?.timeMs ?? 0
  const result = new Set<string>()
  const newestOfEach = (key: (date: Date) => string, pool: readonly Datable[]): Datable[] => [
    ...new Map(pool.map((snapshot) => [key(new Date(snapshot.timeMs)), snapshot])).values(),
  ]
  const keys = {
    hourly: (date: Date) => date.toISOString().slice(0, 13),
    daily: (date: Date) => date.toISOString().slice(0, 10),
    weekly: (date: Date) => String(Math.floor((date.getTime() / dayMs + 3) / 7)),
    monthly: (date: Date) => date.toISOString().slice(0, 7),
    yearly: (date: Date) => date.toISOString().slice(0, 4),
  }
  const spans = {
    hourly: policy.withinHourlyMs,
    daily: policy.withinDailyMs,
    weekly: policy.withinWeeklyMs,
    monthly: policy.withinMonthlyMs,
    yearly: policy.withinYearlyMs,
  }
  const [oldest] = oldestFirst
  for (const kind of ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const) {
    const amount = policy[kind] === 'all' ? oldestFirst.length + 1 : (policy[kind] ?? 0)
    const best = newestOfEach(keys[kind], oldestFirst).slice(amount === 0 ? Number.MAX_SAFE_INTEGER : -amount)
    for (const { id } of best) result.add(id)
    if (best.length < amount && oldest !== undefined) result.add(oldest.id)
    const young = oldestFirst.filter(({ timeMs }) => timeMs > latestMs - (spans[kind] ?? 0))
    for (const { id } of newestOfEach(keys[kind], young)) result.add(id)
    if (young.length === oldestFirst.length && oldest !== undefined) result.add(oldest.id)
  }
  const last = policy.last === 'all' ? oldestFirst.length : (policy.last ?? 0)
  for (const { id } of oldestFirst.slice(oldestFirst.length - Math.min(last, oldestFirst.length))) result.add(id)
  for (const { id, timeMs } of oldestFirst) if (timeMs > latestMs - (policy.withinMs ?? 0)) result.add(id)
  const newest = oldestFirst.at(-1)
  if (newest !== undefined) result.add(newest.id)
  return result
}

test('any policy keeps what an independent model keeps', () => {
  const amount = fc.option(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant('all' as const)), { nil: undefined, freq: 3 })
  const span = fc.option(
    fc.integer({ min: 1, max: 900 }).map((days) => days * dayMs),
    { nil: undefined, freq: 2 },
  )
  const policy = fc.record({
    last: amount,
    hourly: amount,
    daily: amount,
    weekly: amount,
    monthly: amount,
    yearly: amount,
    withinMs: span,
    withinHourlyMs: span,
    withinDailyMs: span,
    withinWeeklyMs: span,
    withinMonthlyMs: span,
    withinYearlyMs: span,
  })
  const ages = fc.uniqueArray(fc.integer({ min: 0, max: 3 * 365 * 24 * 4 }), { maxLength: 60 })
  fc.assert(
    fc.property(ages, policy, (quarters, rules) => {
      const snapshots = quarters.map((age, index) => ({ id: `s${index}`, timeMs: nowMs - age * (dayMs / 96), tags: ['job=db'] }))
      const given = Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)) as KeepPolicy
      expect(kept(snapshots, given).toSorted()).toEqual([...model(snapshots, given)].toSorted())
    }),
    { numRuns: 300 },
  )
})

const policies: readonly (readonly [KeepPolicy, readonly string[]])[] = [
  [{ last: 3 }, ['--keep-last', '3']],
  [{ hourly: 5, daily: 3 }, ['--keep-hourly', '5', '--keep-daily', '3']],
  [{ daily: 7, weekly: 4, monthly: 12 }, ['--keep-daily', '7', '--keep-weekly', '4', '--keep-monthly', '12']],
  [{ yearly: 10 }, ['--keep-yearly', '10']],
  [{ withinMs: 30 * dayMs, weekly: 4, monthly: 12 }, ['--keep-within', '30d', '--keep-weekly', '4', '--keep-monthly', '12']],
  [{ withinDailyMs: 60 * dayMs, withinMonthlyMs: 400 * dayMs }, ['--keep-within-daily', '60d', '--keep-within-monthly', '400d']],
]

for (const binary of resticBinaries()) {
  test(`the rules keep what forget of ${binary} keeps`, { timeout: 60_000 }, async () => {
    await withFolder(async (parent) => {
      const repository = await createRepository(new LocalStore(join(parent, 'repository')))
      const agesMs = [0, 0.1, 0.9, 1.2, 2, 3, 3.01, 8, 9, 15, 29.9, 30.1, 45, 59, 61, 90, 121, 200, 364, 366, 399, 420, 800, 1200].map(
        (days) => days * dayMs,
      )
      for (const ageMs of agesMs) await backUp(repository, { a: ['same'] }, { timeMs: nowMs - ageMs })
      const snapshots = await listSnapshots(repository)
      const restic = new Restic(binary, join(parent, 'repository'))
      for (const [policy, flags] of policies) {
        const [group] = await restic.json<{ keep: { id: string }[] }[]>('forget', '--dry-run', ...flags)
        const theirs = group?.keep.map(({ id }) => id).toSorted()
        const ours = decideRetention(snapshots, policy, Date.now()).filter(({ keep }) => keep)
        expect({ flags, kept: ours.map(({ snapshot }) => snapshot.id).toSorted() }).toEqual({ flags, kept: theirs })
      }
    })
  })
}

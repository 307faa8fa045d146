import { tagValue } from '../snapshot/tags.ts'
import { calendar, type Calendar } from './calendar.ts'

/** How many, or for how long, snapshots of a job are kept; what is absent or 0 keeps nothing. `'all'` keeps every one of its kind. */
export interface KeepPolicy {
  readonly forever?: boolean
  readonly last?: Amount
  readonly hourly?: Amount
  readonly daily?: Amount
  readonly weekly?: Amount
  readonly monthly?: Amount
  readonly yearly?: Amount
  readonly withinMs?: number
  readonly withinHourlyMs?: number
  readonly withinDailyMs?: number
  readonly withinWeeklyMs?: number
  readonly withinMonthlyMs?: number
  readonly withinYearlyMs?: number
  /** Snapshots with one of these tags stay. */
  readonly tags?: readonly string[]
}
type Amount = number | 'all'

/** What the decision reads of a snapshot. */
export interface Datable {
  readonly id: string
  readonly timeMs: number
  readonly tags: readonly string[]
}

export interface Retained<Kind extends Datable> {
  readonly snapshot: Kind
  readonly keep: boolean
  /** Why it is kept; why it goes, when it does. */
  readonly reasons: readonly string[]
}

interface Bucket {
  readonly reason: string
  readonly period: (calendar: Calendar, position: number) => number
  readonly fromMs: number
  left: number
  last: number | undefined
}

/**
 * restic's rules: newest first, each kind keeps the newest snapshot of each of its periods; the oldest snapshot of all is kept as long as a
 * kind has room. Ages count from the newest snapshot, not from now, so a job that stopped loses nothing. Beyond restic: the last verified
 * snapshot of each job (else its last) always stays, and so does all from the future, of which no clock can tell the age.
 */
export function decideRetention<Kind extends Datable>(
  snapshots: readonly Kind[],
  policy: KeepPolicy,
  nowMs: number,
  timezone = 'UTC',
): Retained<Kind>[] {
  const newestFirst = snapshots.toSorted((one, other) => other.timeMs - one.timeMs || (one.id < other.id ? -1 : 1))
  const latestMs = Math.max(...newestFirst.map(({ timeMs }) => timeMs).filter((timeMs) => timeMs <= nowMs), Number.NEGATIVE_INFINITY)
  const buckets = bucketsOf(policy, latestMs)
  const last = lastOfEachJob(newestFirst)
  return newestFirst.map((snapshot, position) => {
    const reasons = [
      ...fixedReasons(snapshot, policy, nowMs, latestMs),
      ...takeFrom(buckets, calendar(snapshot.timeMs, timezone), snapshot, position, position === newestFirst.length - 1),
    ]
    const always = last.get(snapshot.id)
    if (always !== undefined) reasons.push(always)
    return { snapshot, keep: reasons.length > 0, reasons: reasons.length > 0 ? reasons : ['no rule keeps it'] }
  })
}

function fixedReasons(snapshot: Datable, policy: KeepPolicy, nowMs: number, latestMs: number): string[] {
  const reasons: string[] = []
  if (policy.forever === true) reasons.push('kept for ever')
  const tag = policy.tags?.find((wanted) => snapshot.tags.includes(wanted))
  if (tag !== undefined) reasons.push(`has the tag ${tag}`)
  if (snapshot.timeMs > nowMs) reasons.push('is dated in the future')
  if (policy.withinMs !== undefined && policy.withinMs > 0 && snapshot.timeMs > latestMs - policy.withinMs) reasons.push('within')
  return reasons
}

function takeFrom(buckets: readonly Bucket[], date: Calendar, snapshot: Datable, position: number, isOldest: boolean): string[] {
  const reasons: string[] = []
  for (const bucket of buckets) {
    if (bucket.left <= 0 || snapshot.timeMs <= bucket.fromMs) continue
    const period = bucket.period(date, position)
    if (period === bucket.last && !isOldest) continue
    bucket.last = period
    bucket.left -= 1
    reasons.push(bucket.reason)
  }
  return reasons
}

const kinds = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
const withinKeys = {
  hourly: 'withinHourlyMs',
  daily: 'withinDailyMs',
  weekly: 'withinWeeklyMs',
  monthly: 'withinMonthlyMs',
  yearly: 'withinYearlyMs',
} as const

function bucketsOf(policy: KeepPolicy, latestMs: number): Bucket[] {
  const counted = kinds.map((kind) => bucket(kind, policy[kind], (date) => date[kind], Number.NEGATIVE_INFINITY))
  const within = kinds.map((kind) => {
    const spanMs = policy[withinKeys[kind]] ?? 0
    return bucket(`${kind} within`, spanMs > 0 ? 'all' : 0, (date) => date[kind], latestMs - spanMs)
  })
  return [bucket('last', policy.last, (_, position) => position, Number.NEGATIVE_INFINITY), ...counted, ...within]
}

function bucket(reason: string, amount: Amount | undefined, period: Bucket['period'], fromMs: number): Bucket {
  return { reason, period, fromMs, left: amount === 'all' ? Number.POSITIVE_INFINITY : (amount ?? 0), last: undefined }
}

/** Of each job the newest that was proven by a restore, else the newest. */
function lastOfEachJob(newestFirst: readonly Datable[]): Map<string, string> {
  const jobs = Map.groupBy(newestFirst, (snapshot) => tagValue(snapshot, 'job') ?? '')
  const kept = new Map<string, string>()
  for (const snapshots of jobs.values()) {
    const verified = snapshots.find((snapshot) => tagValue(snapshot, 'verified') !== undefined)
    const [newest] = snapshots
    if (verified !== undefined) kept.set(verified.id, 'last verified of its job')
    else if (newest !== undefined) kept.set(newest.id, 'last of its job')
  }
  return kept
}

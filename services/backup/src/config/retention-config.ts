import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import type { KeepPolicy } from '../retention/keep.ts'

const amount = (what: string) =>
  z
    .union([z.int().min(1).max(100_000), z.literal('all')], 'must be a whole number from 1, or all')
    .optional()
    .describe(what)
const span = (what: string) => duration({ min: 3_600_000 }).optional().describe(what)

const ruleNames = [
  'last',
  'hourly',
  'daily',
  'weekly',
  'monthly',
  'yearly',
  'within',
  'within_hourly',
  'within_daily',
  'within_weekly',
  'within_monthly',
  'within_yearly',
  'tags',
] as const

const rulesSchema = z
  .strictObject({
    last: amount('Newest snapshots'),
    hourly: amount('Newest of each of so many hours'),
    daily: amount('Newest of each of so many days'),
    weekly: amount('Newest of each of so many weeks'),
    monthly: amount('Newest of each of so many months'),
    yearly: amount('Newest of each of so many years'),
    within: span('All that are so much older than the newest at most'),
    within_hourly: span('Of these, the newest of each hour'),
    within_daily: span('Of these, the newest of each day'),
    within_weekly: span('Of these, the newest of each week'),
    within_monthly: span('Of these, the newest of each month'),
    within_yearly: span('Of these, the newest of each year'),
    tags: z.array(z.string().min(1).max(256)).min(1).max(64).optional().describe('All with one of these tags'),
  })
  .refine((rules) => ruleNames.some((name) => rules[name] !== undefined), {
    error: 'keeps nothing; write for example { within: 30d, weekly: 4 }, or forever',
  })

/** `keep:` of a job. Without it: 30 days whole, then 4 weeks and 12 months. The last verified snapshot of a job always stays. */
export const retentionConfigSchema = z
  .union([z.literal('forever'), rulesSchema], { error: 'must be forever, or rules as { within: 30d, weekly: 4, monthly: 12 }' })
  .prefault({ within: '30d', weekly: 4, monthly: 12 })
  .transform((keep): KeepPolicy => (keep === 'forever' ? { forever: true } : policyOf(keep)))

function policyOf(rules: z.output<typeof rulesSchema>): KeepPolicy {
  const { within, within_hourly, within_daily, within_weekly, within_monthly, within_yearly, ...counts } = rules
  const spans = {
    withinMs: within,
    withinHourlyMs: within_hourly,
    withinDailyMs: within_daily,
    withinWeeklyMs: within_weekly,
    withinMonthlyMs: within_monthly,
    withinYearlyMs: within_yearly,
  }
  return Object.fromEntries(Object.entries({ ...counts, ...spans }).filter(([, value]) => value !== undefined))
}

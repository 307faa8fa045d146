import { z } from 'zod'
import { configName, duration, quantity } from '@nightshift/shared/config/scalars'
import { hoursSchema } from '../hours/hours-config.ts'
import { mistakesOf } from './rule-mistakes.ts'
import { isTake } from './take.ts'

const dayMs = 86_400_000
/** What is not counted in bits cannot be counted at all. */
const maxRun = 32
const pattern = () => z.string().min(1).max(253)
const severityName = () => z.enum(['info', 'warning', 'critical'])

const metricName = () =>
  z
    .string()
    .regex(
      /^(?:app_\*|log_\*|[a-z0-9_-]{1,72})\.[A-Za-z0-9_:]{1,128}(?:\.[a-z0-9_]{1,64})?$/,
      'write <group>.<field>, for example cpu.usage_ratio',
    )

const where = () => z.record(z.string().min(1).max(128), z.union([pattern().transform((one) => [one]), z.array(pattern()).min(1).max(64)]))

const levelsSchema = z
  .union([
    quantity(),
    z
      .strictObject({ warning: quantity().optional(), critical: quantity().optional() })
      .refine((levels) => levels.warning !== undefined || levels.critical !== undefined, 'names no level; give warning, critical or both'),
  ])
  .describe('A threshold, or one for each of warning and critical. Strict: at 85% exactly, `above: 85%` is not crossed')

const factor = () => z.number().gt(1).max(1000)

const baselineSchema = z
  .strictObject({
    weeks: z.int().min(1).max(12).prefault(4).describe('How many weeks are remembered; older ones fade'),
    factor: z
      .union([factor(), z.strictObject({ warning: factor().optional(), critical: factor().optional() })])
      .prefault(2)
      .describe('How many times as much, or as little, as usual'),
    side: z.enum(['above', 'below', 'both']).prefault('both').describe('More than usual, less than usual, or either'),
    at_least: quantity().prefault(0).describe('A smaller difference, in the unit of the metric, is none'),
  })
  .describe('Against the same hour of the week in the weeks before. Says nothing until it knows that hour from two of them')

/** One rule of the configuration: on a metric, or on a check. */
export const ruleSchema = z
  .strictObject({
    metric: metricName()
      .optional()
      .describe(
        '<group>.<field>; docs/metrics.md lists them. Of an application: app_<job>.<metric>, or app_<job>.<metric>.<field>; app_* reads all of them, log_* all logs. Of checks: check.latency_seconds',
      ),
    above: levelsSchema.optional(),
    below: levelsSchema.optional(),
    clear: quantity()
      .optional()
      .describe('The first level, once crossed, holds until the value is here or beyond; the second keeps the same distance'),
    take: z
      .string()
      .refine(isTake, 'is no function; write last, avg, min, max, rate, increase, delta, stddev, count, full_in, or a percentile p1 to p99')
      .meta({ examples: ['avg', 'rate', 'p95'] })
      .optional()
      .describe(
        'What to make of the samples of the last `over`: last, avg, min, max, rate, increase, delta, stddev, count, full_in (seconds until a ratio is 1 at this pace), p1 to p99',
      ),
    over: duration({ min: 1000, max: dayMs }).optional().describe('How far `take` looks back'),
    per: z
      .union([
        metricName().transform((metric) => ({ metric, where: undefined })),
        z.strictObject({ metric: metricName(), where: where().optional() }),
      ])
      .optional()
      .describe('Divide by this metric of the same host and labels, taken over the same time. Nothing is judged while that is 0'),
    by: z
      .array(z.string().min(1).max(128))
      .max(16)
      .optional()
      .describe('Add up the series of a host that share these labels; [] adds up all of them'),
    where: where().optional().describe('Only series with such labels; * stands for anything, a leading ! excludes'),
    times: z
      .int()
      .min(1)
      .max(maxRun)
      .optional()
      .describe('Only when so many samples in a row, or of the last `of`, are over the threshold'),
    of: z.int().min(1).max(maxRun).optional().describe('See `times`'),
    baseline: baselineSchema.optional(),
    absent: duration({ min: 1000, max: 7 * dayMs })
      .optional()
      .describe('Fires when a host that once sent the metric, or ran the check, has not been heard of it for so long'),
    check: z
      .string()
      .regex(/^[a-z0-9*?-]{1,63}$/, 'use the name of a check; * stands for anything')
      .optional(),
    event: z
      .string()
      .regex(
        /^(?:health|backup|heal|change)\.[a-z0-9_*-]{1,63}$/,
        'is no event; write for example backup.failed, heal.escalated, health.failing or change.deploy',
      )
      .meta({ examples: ['backup.failed', 'heal.escalated', 'change.deploy'] })
      .optional()
      .describe('Fires when this happened more than `above` times (0) in the last `over` (5m), for each host and check, job or playbook'),
    failures: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Fires after so many failed results in a row, when that is more than the check itself waits for'),
    severity: severityName().optional().describe('Of a check (the default is critical), or of a single threshold (warning)'),
    for: duration({ max: 7 * dayMs })
      .prefault('0s')
      .describe('How long it must hold, by the clock of the source'),
    keep_firing_for: duration({ max: 7 * dayMs })
      .prefault('0s')
      .describe('An alert that fires goes on for so long after the condition has ended; comes it back, nobody is called again'),
    hours: hoursSchema
      .optional()
      .describe('When it is judged, by the clock of the source; the default is always. An alert ends with the hours'),
    hosts: z.array(pattern()).min(1).max(256).optional().describe('Only these; * stands for anything, a leading ! excludes'),
    channels: z.array(configName()).min(1).max(64).optional().describe('Who is told; the default is every channel'),
    summary: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe(
        'Words of your own, put before what was measured. With {host}, {value}, {threshold}, {severity}, {rule} or a {label} in them they stand alone',
      ),
    runbook: z.string().min(1).max(2048).optional().describe('Path or URL of what to do about it'),
    level: z
      .union([z.literal(1), z.literal(2), z.literal(3)], 'is 1, 2 or 3')
      .optional()
      .describe('Incident level: 1 is an outage, 2 is slow, 3 is partial. The default follows from the severity'),
  })
  .superRefine((rule, context) => {
    for (const [path, message] of mistakesOf(rule)) context.addIssue({ code: 'custom', path: [path], message })
  })

export type RuleConfig = z.infer<typeof ruleSchema>

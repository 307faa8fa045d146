import { z } from 'zod'
import { configName, duration, size, timeZone } from '@nightshift/shared/config/scalars'
import { parseMinute } from '../jobs/schedule.ts'
import { hookSchema } from './hook-config.ts'
import { restoreConfigSchema } from './restore-config.ts'
import { retentionConfigSchema } from './retention-config.ts'
import { schedule } from './schedule-config.ts'
import { sourceSchema } from './source-config.ts'
import { drillSchema } from './verify-config.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000

const timeOfDay = z
  .string()
  .transform((text, context) => {
    const minute = parseMinute(text)
    if (minute !== undefined) return minute
    context.issues.push({
      code: 'custom',
      message: `"${text}" is no time of day`,
      params: { hint: 'write for example 22:30' },
      input: text,
    })
    return z.NEVER
  })
  .meta({ examples: ['22:00'] })

const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(10).default(3).describe('Runs in all, when what failed may pass later (a server that is away, a lock)'),
  backoff: z
    .array(duration({ max: dayMs }))
    .min(1)
    .max(10)
    .prefault(['1m', '5m', '15m'])
    .describe('Wait before the second, third... of them; the last one repeats'),
})

/** What is backed up, where to, when, and what is kept of it. */
export const jobSchema = z
  .strictObject({
    source: sourceSchema,
    to: z.array(configName()).min(1).max(16).optional().describe('Destinations, the first one first; the default is all of them'),
    schedule: schedule().optional(),
    timezone: timeZone().optional().describe('In which the schedule is meant; the default is `timezone:`'),
    jitter: duration({ max: 12 * hourMs })
      .prefault('0s')
      .describe('The job goes up to so much later, always the same on one host'),
    catch_up: z.boolean().default(true).describe('One run makes good those that were missed while the host or the service was down'),
    on_change: z
      .strictObject({
        debounce: duration({ min: 100, max: hourMs }).prefault('10s').describe('Quiet for so long, and the run goes'),
        max_wait: duration({ min: 1000, max: dayMs }).prefault('5m').describe('It goes after this even when it never gets quiet'),
      })
      .optional()
      .describe('Also when something under the paths changed; for directory and sqlite'),
    window: z
      .strictObject({ from: timeOfDay, to: timeOfDay })
      .refine(({ from, to }) => from !== to, 'is empty; from and to must differ')
      .optional()
      .describe('Runs by schedule, retry or change wait for this part of the day; on request they go at once'),
    keep: retentionConfigSchema.describe('What is kept: whatever one of the rules keeps. The last verified snapshot always is'),
    rpo: duration({ min: minuteMs }).optional().describe('How much may be lost: how old the newest good snapshot may get'),
    rto: duration({ min: 1000 }).optional().describe('How long a restore may take; measured by restores and drills'),
    timeout: duration({ min: 10_000, max: 7 * dayMs })
      .prefault('12h')
      .describe('A run that takes longer is ended and counts as failed'),
    retry: retrySchema.prefault({}),
    bandwidth: size({ min: 16_384 }).optional().describe('At most so many bytes are stored a second, for example 10MiB'),
    before: z.array(hookSchema).max(16).default([]).describe('Commands before the source is read; one that fails ends the run'),
    after: z.array(hookSchema).max(16).default([]).describe('Commands after it, also when the run failed'),
    hold_healer: z.boolean().default(false).describe('The healer of this host does nothing while the run goes (a hook may stop a service)'),
    restore: restoreConfigSchema.prefault({}).describe('What goes around a restore in place'),
    drill: drillSchema.prefault({}),
    verify_writes: z.boolean().default(true).describe('Each blob is opened again and compared before it is stored'),
    name: z
      .string()
      .regex(/^[A-Za-z0-9._%-]{1,100}$/, 'has letters, digits, . _ - and %Y %m %d %H %M %S')
      .default('backup_%Y_%m_%d_%H%M')
      .describe('What a run is called when people are told'),
    announce: z.boolean().default(true).describe('Say so to people when it is done, where `alerter.backup_done` names a channel'),
  })
  .superRefine((job, context) => {
    const refuse = (key: string, message: string, hint: string): void =>
      context.addIssue({ code: 'custom', path: [key], message, params: { hint } })
    const { drill, source, on_change: onChange } = job
    if (Object.keys(drill.queries).length > 0 && (source.kind === 'directory' || source.kind === 'command'))
      refuse('drill', `has queries, and ${source.kind} is no database`, 'leave them out; the files are compared byte by byte')
    if (onChange === undefined) return
    if (source.kind !== 'directory' && source.kind !== 'sqlite')
      refuse('on_change', `cannot be noticed for ${source.kind}`, 'give a schedule; on_change is for directory and sqlite')
    if (onChange.max_wait < onChange.debounce) refuse('on_change', 'max_wait is shorter than debounce', 'raise max_wait')
  })
export type JobConfig = z.infer<typeof jobSchema>

import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'
import { schedule } from './schedule-config.ts'

/** In this order everything is brought back. */
export const tierNames = ['critical', 'high', 'medium', 'low'] as const
export type TierName = (typeof tierNames)[number]

const dayMs = 86_400_000
const objectives = {
  rto: duration({ min: 1000, max: 30 * dayMs })
    .optional()
    .describe('How long it may take'),
  rpo: duration({ max: 365 * dayMs })
    .optional()
    .describe('How much may be lost'),
}

const tierSchema = z
  .strictObject({
    sets: z.array(configName()).max(16).default([]).describe('Of `backup.sets`: jobs that only make sense together; they come first'),
    jobs: z.array(configName()).max(128).default([]).describe('In this order'),
    ...objectives,
  })
  .refine(({ jobs, sets }) => jobs.length + sets.length > 0, 'brings nothing back; name jobs or sets')

const scenarioSchema = z.strictObject({
  tiers: z.array(z.enum(tierNames)).min(1).max(tierNames.length).describe('What has to be brought back then'),
  ...objectives,
  note: z.string().max(500).optional(),
})

/** `plan:` of the backup: what is brought back in which order, and how long that may take. */
export const planSchema = z
  .strictObject({
    schedule: z
      .union([z.literal('never').transform((): string[] => []), schedule()])
      .prefault('quarterly')
      .describe('When all of it is drilled'),
    tiers: z
      .partialRecord(z.enum(tierNames), tierSchema)
      .refine((tiers) => Object.keys(tiers).length > 0, 'names no tier; write for example high: { jobs: [db], rto: 30m, rpo: 24h }'),
    scenarios: z
      .record(configName(), scenarioSchema)
      .default({})
      .describe('Objectives of what may happen: a redeploy, the loss of the hardware'),
  })
  .describe('The recovery plan: `nightshift backup drill --plan` carries it out in a scratch place and measures it')
export type PlanConfig = z.infer<typeof planSchema>

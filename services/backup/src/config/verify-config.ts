import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'
import { ruleSchema } from './integrity-config.ts'
import { schedule } from './schedule-config.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

const never = z.literal('never').transform((): string[] => [])
const scheduleOrNever = (preset: string) =>
  z.union([never, schedule()]).prefault(preset).describe('Cron expression of five fields, a word as daily or weekly, or never')

const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, 'write the whole path, starting with /')

/** `drill:` of a job: how its snapshots are proven by restoring one. */
export const drillSchema = z
  .strictObject({
    schedule: z.union([never, schedule()]).optional().describe('When; the default is `verify.drill`'),
    load: z
      .enum(['scratch', 'live', 'none'])
      .default('scratch')
      .describe('Where dumps are loaded: into a server started for it, beside the live databases of the server, or nowhere'),
    queries: z
      .record(configName(), ruleSchema.omit({ repair: true }).extend({ database: z.string().min(1).max(128).optional() }))
      .default({})
      .describe('What must hold for the restored data'),
    timeout: duration({ min: 10_000, max: 7 * dayMs })
      .prefault('6h')
      .describe('A drill that takes longer is ended and counts as failed'),
  })
  .describe('Restores the newest snapshot into a scratch place, compares it, and removes it again')
export type DrillConfig = z.infer<typeof drillSchema>

/** `verify:` of the backup: what is looked at when no run asks for it. */
export const verifySchema = z
  .strictObject({
    packs: z
      .strictObject({
        schedule: scheduleOrNever('30 4 * * *'),
        parts: z.int().min(1).max(1000).default(30).describe('So many times and all that is stored was read'),
      })
      .prefault({})
      .describe('V1: reads a part of each repository and looks whether all that its snapshots need is there'),
    drill: scheduleOrNever('0 6 * * 6').describe('V2: when jobs that do not say are restored into a scratch place'),
    whole: z
      .strictObject({
        schedule: scheduleOrNever('0 6 1 * *'),
        restic: z.boolean().default(false).describe('Lets restic, where it is installed, read everything too'),
      })
      .prefault({})
      .describe('V3: reads each repository whole'),
    jitter: duration({ max: 12 * 60 * minuteMs })
      .prefault('1h')
      .describe('Each goes up to so much later, always the same on one host'),
    scratch_dir: absolutePath.optional().describe('Where drills restore to; the default is in the state folder'),
  })
  .describe('Whether what is stored can be read and restored. After downtime one makes good those that were missed')

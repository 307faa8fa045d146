import { z } from 'zod'
import { argv, configName, duration } from '@nightshift/shared/config/scalars'
import { hookSchema } from './hook-config.ts'

const healthShape = {
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Answers with 2xx when all is well'),
  run: argv().optional().describe('Ends with exit code 0 when all is well'),
  timeout: duration({ min: 1000, max: 3_600_000 })
    .prefault('30s')
    .describe('It is asked each second; when it is not well by then, the restore is taken back'),
}

/** `restore:` of a job: what goes around a restore in the place of what is live. */
export const restoreConfigSchema = z.strictObject({
  before: z.array(hookSchema).max(16).default([]).describe('Commands right before live and restored change places: stop who uses the data'),
  after: z.array(hookSchema).max(16).default([]).describe('Commands after it, also when it was taken back: start them again'),
  health: z
    .strictObject(healthShape)
    .refine(({ url, run }) => (url === undefined) !== (run === undefined), 'give either url or run')
    .optional()
    .describe('How to see that it works again; without it nobody looks'),
  hold_healer: z.boolean().default(true).describe('The healer of this host does nothing meanwhile'),
})

export type HealthConfig = NonNullable<z.infer<typeof restoreConfigSchema>['health']>

/** `sets:` of the section: jobs that only make sense together. */
export const restoreSetSchema = z.strictObject({
  jobs: z.array(configName()).min(2).max(16).describe('In the order in which they are put in place and started; all of them or none'),
  at: z
    .enum(['consistent', 'newest'])
    .default('consistent')
    .describe(
      'consistent: of each job the snapshot that is nearest to the latest moment which all of them have reached; newest: of each its newest',
    ),
})
export type RestoreSetConfig = z.infer<typeof restoreSetSchema>

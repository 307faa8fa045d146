import { z } from 'zod'
import { argv, duration } from '@nightshift/shared/config/scalars'

const hourMs = 3_600_000

/** A command before or after a run. It sees NIGHTSHIFT_JOB, NIGHTSHIFT_RUN, NIGHTSHIFT_PHASE and, after, NIGHTSHIFT_OUTCOME. */
export const hookSchema = z.strictObject({
  run: argv(),
  cwd: z.string().startsWith('/', 'give an absolute path').optional().describe('Folder to run in; the default is /'),
  pass_env: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is no name of an environment variable'))
    .max(64)
    .default([])
    .describe('Variables of the service to pass on, besides PATH, HOME, TMPDIR and TZ'),
  timeout: duration({ min: 100, max: 6 * hourMs })
    .prefault('5m')
    .describe('Then its process group is ended, first with SIGTERM'),
})
export type HookConfig = z.infer<typeof hookSchema>

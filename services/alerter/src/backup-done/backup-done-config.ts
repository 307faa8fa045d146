import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'

/** Where it is said that a backup is done. */
export const backupDoneSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    channels: z
      .array(configName())
      .min(1)
      .max(16)
      .optional()
      .describe('The default is those that wake nobody up: all but email, sms and pagerduty'),
  })
  .describe('A line when a backup is done: its name, size and how long it took. A job is left out by `announce: false`; runs on change are')

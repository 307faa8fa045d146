import { z } from 'zod'
import { configName, duration, timeZone } from '@nightshift/shared/config/scalars'
import { weekdays } from '../hours/hours-config.ts'

/** A test message whose receipt a person confirms. */
export const drillSchema = z
  .strictObject({
    days: z.array(z.enum(weekdays)).min(1).max(7).default(['mon']),
    at: z
      .string()
      .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'write a time of day like 10:00, in quotes')
      .default('10:00'),
    timezone: timeZone().optional().describe('IANA name; the default is timezone at the top of the file'),
    channels: z
      .array(configName())
      .min(1)
      .max(64)
      .optional()
      .describe('Those that are tested; the default is all that are told of critical alerts'),
    confirm_within: duration({ min: 60_000, max: 86_400_000 })
      .prefault('30m')
      .describe('Then the other channels say that nobody confirmed'),
  })
  .describe('A test message at a fixed time, whose receipt somebody confirms with `nightshift ack`')

export type DrillConfig = z.infer<typeof drillSchema>

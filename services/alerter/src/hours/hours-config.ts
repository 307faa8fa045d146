import { z } from 'zod'
import { timeZone } from '@nightshift/shared/config/scalars'

export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

const timeOfDay = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'write a time of day like 09:00 or 23:30, in quotes')
  .meta({ examples: ['09:00'] })

/** Hours that come again: on these days, between these times. */
export const hoursShape = {
  days: z.array(z.enum(weekdays)).min(1).max(7).optional().describe('The default is every day'),
  month_days: z
    .array(
      z
        .int()
        .min(-31)
        .max(31)
        .refine((day) => day !== 0, 'days of a month count from 1, or from -1 for the last'),
    )
    .min(1)
    .max(62)
    .optional()
    .describe('1 to 31; -1 is the last day of the month'),
  from: timeOfDay.prefault('00:00').describe('Where it begins; included'),
  to: timeOfDay.prefault('24:00').describe('Where it ends; not included. Earlier than from: on the next day'),
  timezone: timeZone().optional().describe('IANA name; the default is timezone at the top of the file'),
}

export const hoursSchema = z.strictObject(hoursShape).describe('Hours that come again')
export type HoursConfig = z.infer<typeof hoursSchema>

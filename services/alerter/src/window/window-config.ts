import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'
import { hoursShape } from '../hours/hours-config.ts'

const pattern = () => z.string().min(1).max(253)

const windowSchema = z
  .strictObject({
    match: z
      .record(z.string().min(1).max(128), z.union([pattern().transform((one) => [one]), z.array(pattern()).min(1).max(64)]))
      .default({})
      .describe('host, rule, severity, or any label; the default is everything'),
    ...hoursShape,
  })
  .describe('A maintenance window that comes again: nobody is told of what begins in it, unless it still lasts when the window ends')

export const windowsSchema = z
  .record(configName(), windowSchema)
  .refine((windows) => Object.keys(windows).length <= 200, 'too many; the most is 200')

export type WindowsConfig = z.infer<typeof windowsSchema>

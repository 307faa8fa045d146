import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'

export const scrapeSchema = z
  .record(configName(), z.strictObject({}))
  .default({})
  .describe('Jobs that read metrics of applications, by name')

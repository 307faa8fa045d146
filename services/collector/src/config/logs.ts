import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'

export const logsSchema = z.record(configName(), z.strictObject({})).default({}).describe('Logs that are read, by name')

import { z } from 'zod'
import { configName } from '@nightshift/shared/config/scalars'
import { httpCheckSchema } from './checks/http.ts'
import { processCheckSchema } from './checks/process.ts'
import { tcpCheckSchema } from './checks/tcp.ts'

/** Every kind of check by its section. To add one: a file in checks/, a line here. */
const checkSchema = z.discriminatedUnion('kind', [httpCheckSchema, tcpCheckSchema, processCheckSchema])

export const checksSchema = z
  .record(configName(), checkSchema)
  .refine((checks) => Object.keys(checks).length <= 500, 'at most 500 checks per collector')
  .default({})

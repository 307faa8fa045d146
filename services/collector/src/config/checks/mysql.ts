import { z } from 'zod'
import { connectionShape, isOneAddress, oneAddress } from '../../databases/connection-config.ts'
import { checkShape } from './check-shape.ts'
import { expectNeedsQuery, questionShape } from './postgres.ts'

export const mysqlCheckSchema = z
  .strictObject({ ...checkShape, kind: z.literal('mysql'), ...connectionShape(['mysql', 'mariadb'], 3306), ...questionShape })
  .refine(isOneAddress, oneAddress)
  .refine(expectNeedsQuery, 'expect needs a query')

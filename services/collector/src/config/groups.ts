import { z } from 'zod'
import { databaseGroupShapes } from './database-groups.ts'
import { hostGroupShapes } from './host-groups.ts'
import { kernelGroupShapes } from './kernel-groups.ts'
import { machineGroupShapes } from './machine-groups.ts'

export const groupsSchema = z
  .strictObject({ ...hostGroupShapes, ...kernelGroupShapes, ...machineGroupShapes, ...databaseGroupShapes })
  .describe('Metric groups of the host')

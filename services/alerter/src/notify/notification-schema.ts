import { z } from 'zod'
import { alertEventSchema } from '@nightshift/shared/events/alert'
import { calledSchema } from '../escalate/ladder.ts'
import { occasions } from '../group/group.ts'

const ratio = z.number().nullable()
const severity = z.enum(['info', 'warning', 'critical'])

export const messageSchema = z.object({
  incident: z.string().min(1).max(64),
  seq: z.int().nonnegative(),
  occasion: z.enum(occasions),
  opened_ms: z.number(),
  alerts: z.array(alertEventSchema),
  firing: z.int().nonnegative(),
  resolved: z.int().nonnegative(),
  worst: severity,
  contacts: z.array(calledSchema).default([]),
  level: z.int().min(1).max(3).nullable().default(null),
  targets: z
    .object({ respond_ms: z.number().nullable(), cause_ms: z.number().nullable(), recover_ms: z.number().nullable() })
    .nullable()
    .default(null),
  acked: z.object({ actor: z.string(), time_ms: z.number(), until_ms: z.number().nullable() }).nullable().default(null),
  figures: z.object({ cpu_ratio: ratio, memory_ratio: ratio, disk_ratio: ratio }).nullable().default(null),
})

/** A notification as it is stored. */
export const notificationSchema = z.object({
  id: z.string().min(1).max(64),
  channel: z.string().min(1).max(63),
  group: z.string().min(1).max(64),
  route: z.string().min(1).max(128),
  event: alertEventSchema,
  message: messageSchema,
})

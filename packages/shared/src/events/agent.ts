import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, timeSchema } from './envelope.ts'

export const agentEventSchema = z
  .object({
    ...envelopeShape,
    service: nameSchema,
    instance: idSchema.describe('Unique to this run of the process'),
    version: z.string().max(64),
    pid: z.int().nonnegative(),
    started_time: timeSchema,
    interval_seconds: z.number().positive().describe('When the next heartbeat is due'),
    state: z.enum(['starting', 'ready', 'degraded', 'standby', 'stopping']),
    reasons: z.array(z.string().max(1024)).max(32).describe('Why it is not ready'),
    self: z.record(z.string().max(128), z.number().nullable()).describe('Its own cost and counters, e.g. `rss_bytes`, `spool_events`'),
    next_due: z.record(z.string().max(63), timeSchema).optional().describe('Per job: when its next event is due at the latest'),
  })
  .describe(`Heartbeat of a service instance, every 10 s. Only the collector's counts for "host silent".`)
export type AgentEvent = z.infer<typeof agentEventSchema>

import { z } from 'zod'
import { envelopeShape, idSchema, labelsSchema, nameSchema, severitySchema, textSchema, timeSchema } from './envelope.ts'

const alertPhases = ['pending', 'firing', 'updated', 'acked', 'resolved', 'flapping'] as const

export const alertEventSchema = z
  .object({
    ...envelopeShape,
    rule: nameSchema,
    phase: z.enum(alertPhases),
    fingerprint: idSchema.describe('Same rule, host and labels: same fingerprint'),
    epoch: idSchema.describe('This occurrence, from pending to resolved'),
    severity: severitySchema,
    labels: labelsSchema,
    summary: textSchema.describe('One line for a person'),
    value: z.number().nullable().describe('What was measured, in the unit of the metric'),
    threshold: z.number().nullable(),
    started_time: timeSchema.describe('When the condition first held'),
    reason: textSchema.nullable().describe('Why it resolved or changed, e.g. `recovered`, `check removed`'),
    runbook: z.string().max(2048).nullable(),
    level: z.int().min(1).max(3).nullable().optional().describe('Incident level that the rule gives it: 1 is an outage'),
    targets: z
      .object({
        respond_seconds: z.number().nullable(),
        cause_seconds: z.number().nullable(),
        recover_seconds: z.number().nullable(),
      })
      .nullable()
      .optional()
      .describe('How soon after its first message somebody is to take it on, know the cause, have it running again'),
  })
  .describe('A step in the life of an alert.')
export type AlertEvent = z.infer<typeof alertEventSchema>

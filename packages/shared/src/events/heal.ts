import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, textSchema } from './envelope.ts'

export const healPhases = ['held', 'diagnosing', 'acting', 'verifying', 'recovered', 'failed', 'escalated'] as const

export const healEventSchema = z
  .object({
    ...envelopeShape,
    playbook: nameSchema,
    phase: z.enum(healPhases),
    run: idSchema.describe('One trigger, one run; its attempts share it'),
    attempt: z.int().min(0).describe('0 before the first'),
    max_attempts: z.int().min(0),
    trigger: z.object({ subject: z.string().max(1024), event_id: idSchema }),
    target: nameSchema.describe('What is healed, e.g. the check'),
    reason: textSchema.nullable().describe('Why this step was taken, or nothing was done'),
    output: z.string().max(65_536).nullable().describe('Last output of the action, masked and cut'),
    exit_code: z.int().nullable(),
    duration_seconds: z.number().nonnegative().nullable().describe('Of the step, or of the whole run when it ends'),
  })
  .describe('A step of a heal. Names a playbook of the local configuration; never carries a command to run.')
export type HealEvent = z.infer<typeof healEventSchema>

import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, textSchema, timeSchema } from './envelope.ts'

export const backupPhases = ['started', 'completed', 'failed', 'verified', 'drill', 'restored', 'pruned'] as const

export const backupEventSchema = z
  .object({
    ...envelopeShape,
    job: nameSchema,
    phase: z.enum(backupPhases),
    run: idSchema,
    snapshot: z.string().max(128).nullable(),
    size_bytes: z.number().nonnegative().nullable(),
    added_bytes: z.number().nonnegative().nullable().describe('New data stored, after deduplication and compression'),
    duration_seconds: z.number().nonnegative().nullable(),
    next_due: timeSchema.nullable(),
    error: textSchema.nullable(),
  })
  .describe('A step of a backup job.')
export type BackupEvent = z.infer<typeof backupEventSchema>

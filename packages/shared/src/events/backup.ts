import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, textSchema, timeSchema } from './envelope.ts'

export const backupPhases = [
  'started',
  'completed',
  'failed',
  'verified',
  'verify_failed',
  'drill',
  'drill_failed',
  'restored',
  'restore_failed',
  'pruned',
] as const

const bytes = z.number().nonnegative().nullable()

/** What became of a run at one destination. */
const destinationSchema = z.object({
  name: nameSchema,
  ok: z.boolean(),
  snapshot: z.string().max(128).nullable(),
  stored_bytes: bytes.describe('All that the repository holds; null when that cannot be told'),
  free_bytes: bytes,
  error: textSchema.nullable(),
})

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
    name: nameSchema.optional().describe('What people call the run: `backup_2025_10_21_0000`'),
    trigger: nameSchema.optional().describe('schedule, catch_up, retry, change or request; restore for what a restore did'),
    attempt: z.int().min(1).optional().describe('Runs of this slot so far, this one included'),
    destinations: z.array(destinationSchema).max(16).optional(),
    stored_bytes: bytes.optional().describe('All that the repository of the first destination holds'),
    free_bytes: bytes.optional().describe('Room that is left there'),
    encrypted: z.boolean().optional(),
    files: z.int().nonnegative().optional().describe('Files in the snapshot'),
    skipped: z.int().nonnegative().optional().describe('Files that could not be read'),
    level: z
      .enum(['V0', 'V1', 'V2', 'V3'])
      .optional()
      .describe('How deep a verification went: V0 after each run, V1 a part of all packs, V2 a restore, V3 all'),
    checked_items: z.int().nonnegative().optional().describe('What a verification looked at; none is a failure'),
    checked_bytes: bytes.optional().describe('What a verification read'),
    copies_met: z.boolean().optional().describe('Whether what the run left meets the 3-2-1 rule; absent where one destination was chosen'),
    removed_snapshots: z.int().nonnegative().optional(),
    removed_bytes: bytes.optional(),
    restore_seconds: z.number().nonnegative().nullable().optional().describe('How long a restore or drill took'),
    rpo_seconds: z.number().nonnegative().nullable().optional().describe('Age of what the newest good snapshot holds'),
    rpo_met: z.boolean().nullable().optional(),
    rto_seconds: z.number().nonnegative().nullable().optional().describe('How long the last restore or drill took'),
    rto_met: z.boolean().nullable().optional(),
    announce: z.boolean().optional().describe('Whether people are to be told that it is done'),
  })
  .describe('A step of a backup job.')
export type BackupEvent = z.infer<typeof backupEventSchema>

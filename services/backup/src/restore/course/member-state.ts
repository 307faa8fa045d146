import { z } from 'zod'

const loadedSchema = z.object({
  target: z.object({ suffix: z.string().min(1) }),
  items: z.array(z.object({ name: z.string(), loadedAs: z.string() })),
  isPartial: z.boolean(),
})

const common = {
  job: z.string(),
  snapshot: z.string(),
  destination: z.string(),
  /** Where dumps and copies wait; ours to remove. */
  work: z.string().nullable(),
}

const unitSchema = z.object({
  live: z.string(),
  staged: z.string(),
  /** What is live is moved here. */
  kept: z.string(),
  /** Whether there was something live, and something to take its place, right before the change. */
  wasLive: z.boolean(),
  isStaged: z.boolean(),
})
/** One path that changes places. */
export type Unit = z.infer<typeof unitSchema>

const filesStateSchema = z.object({
  kind: z.literal('files'),
  ...common,
  /** Paths of the snapshot, by the folder in which they are restored first; it lies on the file system where they go to. */
  stages: z.array(z.object({ folder: z.string(), paths: z.array(z.string()) })),
  units: z.array(unitSchema),
  /** A mount point cannot be renamed: what is in it changes places. */
  mounts: z.array(z.object({ path: z.string(), stage: z.string(), aside: z.string() })),
  /** With `--to`: the folder that all goes into. */
  folder: z.string().nullable(),
})
export type FilesState = z.infer<typeof filesStateSchema>

const databaseStateSchema = z.object({
  kind: z.literal('database'),
  ...common,
  suffix: z.string().min(1),
  databases: z.array(z.string()).nullable(),
  tables: z.array(z.string()).nullable(),
  where: z.string().nullable(),
  replace: z.boolean(),
  loaded: loadedSchema.nullable(),
  kept: z.array(z.string()),
})
export type DatabaseState = z.infer<typeof databaseStateSchema>

/** All that is needed to finish one member of a restore, or to take it back. */
export const memberStateSchema = z.discriminatedUnion('kind', [filesStateSchema, databaseStateSchema])
export type MemberState = z.infer<typeof memberStateSchema>

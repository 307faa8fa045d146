import { z } from 'zod'

/**
 * Where a run stands. On the bus only the phases of the contract are seen; `precheck`, `locking` and `settling` are steps between,
 * `settling` is a recovered run that waits for the collector's own word, `dropped` one that ended without anything to do.
 */
const runPhases = [
  'detected',
  'held',
  'precheck',
  'diagnosing',
  'locking',
  'acting',
  'verifying',
  'failed',
  'settling',
  'recovered',
  'escalated',
  'dropped',
] as const
export type RunPhase = (typeof runPhases)[number]

/** One trigger, one run: everything that must survive a restart of the healer. Times are milliseconds of the wall clock. */
export const runSchema = z.object({
  id: z.string(),
  playbook: z.string(),
  /** The check that is healed. */
  target: z.string(),
  trigger: z.object({ subject: z.string(), eventId: z.string() }),
  correlationId: z.string(),
  /** The trigger was old when it came: what overtakes it ends the run without a word. */
  stale: z.boolean(),
  phase: z.enum(runPhases),
  /** Last transition of the check that the collector told. */
  health: z.enum(['ok', 'failing']),
  /** Actions begun. */
  attempt: z.int(),
  startedMs: z.number(),
  phaseSinceMs: z.number(),
  /** When a waiting phase goes on. */
  dueMs: z.number().nullable(),
  held: z
    .object({
      cause: z.enum(['control', 'limit', 'unreachable']),
      reason: z.string(),
      sinceMs: z.number(),
    })
    .nullable(),
  /** Reasons for holding that were told since the last action: each is told once, whatever they alternate with. */
  heldReasons: z.array(z.string()),
  /** The attempt whose diagnostics are on disk. */
  diagnosed: z.int(),
  /** What the last action did is not known yet: the collector did not answer. */
  unverified: z.boolean(),
  settleUntilMs: z.number().nullable(),
  /** The check or the playbook went away while the command ran. */
  withdrawn: z.string().nullable(),
  /** The command that runs, so that a restarted healer can tell whether it still does. */
  process: z.object({ pid: z.int(), started: z.string(), untilMs: z.number() }).nullable(),
  /** What became of the last action. */
  action: z.object({ summary: z.string(), exitCode: z.int().nullable() }).nullable(),
  reason: z.string().nullable(),
  /** Events told about this run so far; the next one's id comes from it. */
  edges: z.int(),
})
export type Run = z.infer<typeof runSchema>

export const endedRunSchema = z.object({
  id: z.string(),
  playbook: z.string(),
  target: z.string(),
  phase: z.enum(runPhases),
  attempt: z.int(),
  startedMs: z.number(),
  endedMs: z.number(),
  reason: z.string().nullable(),
})

export function hasEnded(run: Run): boolean {
  return run.phase === 'recovered' || run.phase === 'escalated' || run.phase === 'dropped'
}

import { z } from 'zod'
import { healthStates } from '@nightshift/shared/events/health'
import { endedRunSchema, runSchema } from '../playbook/run.ts'

const dayMs = 86_400_000
const maxEnded = 500
const maxSeen = 1000
const maxOutbox = 1000

/** The last transition of a check that was taken in. */
const checkMarkSchema = z.object({
  timeMs: z.number(),
  seq: z.number(),
  state: z.enum(healthStates),
})

/** An event that is decided and persisted, and not yet known to be published. */
const outboxEntrySchema = z.object({
  subject: z.string(),
  event: z.looseObject({ id: z.string() }),
})
export type OutboxEntry = z.infer<typeof outboxEntrySchema>

/** All that the healer remembers. Replaced as a whole, never changed in place. */
export const healerStateSchema = z.object({
  /** By target: one run at a time. */
  runs: z.record(z.string(), runSchema),
  /** Of the last day, oldest first. */
  ended: z.array(endedRunSchema),
  history: z.object({
    acts: z.array(z.object({ target: z.string(), run: z.string(), atMs: z.number() })),
    recoveredMs: z.record(z.string(), z.number()),
  }),
  checks: z.record(z.string(), checkMarkSchema),
  /** Ids of health events that were taken in, oldest first. */
  seen: z.array(z.string()),
  outbox: z.array(outboxEntrySchema),
})
export type HealerState = z.infer<typeof healerStateSchema>

export const emptyState: HealerState = {
  runs: {},
  ended: [],
  history: { acts: [], recoveredMs: {} },
  checks: {},
  seen: [],
  outbox: [],
}

/** The same, without what is too old or too much. */
export function trimState(state: HealerState, now: number): HealerState {
  return {
    ...state,
    ended: state.ended.filter((run) => now - run.endedMs < dayMs).slice(-maxEnded),
    seen: state.seen.slice(-maxSeen),
    outbox: state.outbox.slice(-maxOutbox),
  }
}

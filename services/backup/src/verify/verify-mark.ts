import { z } from 'zod'

const ms = z.number().nonnegative()

/** What is remembered of one verification that comes again and again. Replaced as a whole, never changed in place. */
export const verifyMarkSchema = z.object({
  /** Slots before this do not count: when it was first planned. */
  sinceMs: ms,
  slotMs: ms.nullable(),
  retryMs: ms.nullable(),
  attempt: z.int().nonnegative(),
  /** How often it has passed through: the next part of the packs, the next destination of a drill. */
  turn: z.int().nonnegative(),
  lastMs: ms.nullable(),
  passed: z.boolean().nullable(),
  error: z.string().nullable(),
})
export type VerifyMark = z.infer<typeof verifyMarkSchema>

const retryAfterMs = 3_600_000
const maxAttempts = 3
const maxErrorLength = 2048

export function newMark(nowMs: number): VerifyMark {
  return { sinceMs: nowMs, slotMs: null, retryMs: null, attempt: 0, turn: 0, lastMs: null, passed: null, error: null }
}

/**
 * When one begins. What a person asks for goes besides the schedule. One that a crash cuts off is tried again as one that failed. Pure, like all
 * here.
 */
export function markOfStart(mark: VerifyMark, isPlanned: boolean, nowMs: number): VerifyMark {
  if (!isPlanned) return mark
  const attempt = mark.retryMs === null ? 1 : mark.attempt + 1
  return { ...mark, slotMs: nowMs, retryMs: attempt < maxAttempts ? nowMs + retryAfterMs : null, attempt }
}

/** When one ended. What may pass later (a store that is away, a lock) is tried again in an hour; what differs will differ then too. */
export function markOfEnd(
  mark: VerifyMark,
  end: { findings: readonly string[] } | { error: string; transient: boolean },
  nowMs: number,
): VerifyMark {
  if ('findings' in end) {
    const passed = end.findings.length === 0
    const error = passed ? null : end.findings.join('; ').slice(0, maxErrorLength)
    return { ...mark, turn: mark.turn + 1, lastMs: nowMs, retryMs: null, passed, error }
  }
  const isWorthIt = end.transient && mark.attempt > 0 && mark.attempt < maxAttempts
  // Given up: the next turn takes another part, or another destination.
  const turn = isWorthIt ? mark.turn : mark.turn + 1
  return {
    ...mark,
    turn,
    lastMs: nowMs,
    passed: false,
    error: end.error.slice(0, maxErrorLength),
    retryMs: isWorthIt ? nowMs + retryAfterMs : null,
  }
}

/** What one look may take of the event loop. A group over it delays the others, or would. */
export const budgetMs = 50
/** So many looks in a row over the budget make the cadence longer, and so many within it shorter again. */
const inARow = 3
const longestStretch = 32

export interface Stretch {
  /** The cadence is so many times what the config says. */
  readonly factor: number
  readonly over: number
  readonly within: number
}

export type StretchChange = 'stretched' | 'kept' | null

export const unstretched: Stretch = { factor: 1, over: 0, within: 0 }

/**
 * Whether a look was over its budget: it held up the process for longer than 50 ms; or, where it only waited for others, took more than
 * half of its cadence as well.
 */
export function isOverBudget(look: { blockedMs: number; tookMs: number }, everyMs: number): boolean {
  return look.blockedMs > budgetMs || look.tookMs > Math.max(budgetMs, everyMs / 2)
}

/** The cadence doubles with every third look over the budget in a row and halves with every third within it; each way is said once. */
export function stretch(state: Stretch, isOver: boolean): [Stretch, StretchChange] {
  const over = isOver ? state.over + 1 : 0
  const within = isOver ? 0 : state.within + 1
  if (over === inARow) {
    const factor = Math.min(longestStretch, state.factor * 2)
    return [{ factor, over: 0, within: 0 }, state.factor === 1 ? 'stretched' : null]
  }
  if (within === inARow && state.factor > 1) {
    const factor = state.factor / 2
    return [{ factor, over: 0, within: 0 }, factor === 1 ? 'kept' : null]
  }
  return [{ factor: state.factor, over, within: Math.min(within, inARow) }, null]
}

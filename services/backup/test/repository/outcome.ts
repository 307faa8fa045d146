import { NightshiftError } from '@nightshift/shared/errors'

/** What the work gives, or undefined where it refuses its input by a code. Any other error is a fault of ours and is thrown on. */
export function outcomeOf<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof NightshiftError) return undefined
    throw error
  }
}

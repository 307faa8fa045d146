import { systemClock } from '@nightshift/shared/clock'
import type { SourceContext } from '../src/sources/source.ts'
import { keptLog } from './kept-log.ts'

/** What a source is opened with when its test is not about that. */
export function sourceContext(options: Partial<SourceContext> = {}): SourceContext {
  return { clock: systemClock, log: keptLog().log, everyMs: 1000, ...options }
}

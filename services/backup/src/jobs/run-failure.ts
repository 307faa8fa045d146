import { formatDuration } from '@nightshift/shared/config/scalars'
import { ConfigError, describeError, EffectError, NightshiftError } from '@nightshift/shared/errors'

/** What is said of a run that did not come to its end: who ended it, when it was not the failure itself. */
export function failureOf(cause: unknown, asked: AbortSignal, { timeout }: { readonly timeout: number }): NightshiftError {
  if (asked.aborted && asked.reason instanceof NightshiftError) return asked.reason
  if (cause instanceof DOMException && cause.name === 'TimeoutError')
    return new EffectError(
      'run_timeout',
      `the run took longer than ${formatDuration(timeout)} and was ended; raise timeout, or back up less at once`,
    )
  if (cause instanceof NightshiftError) return cause
  if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EACCES'))
    return new ConfigError('source_unreadable', `what is to be backed up cannot be read: ${describeError(cause)}`)
  return new EffectError('run_failed', describeError(cause), { transient: true })
}

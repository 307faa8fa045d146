import type { Bootstrapped } from '@nightshift/shared/bus/bootstrap'
import { formatDuration } from '@nightshift/shared/config/scalars'

/** `EVENTS              created    at most 1024 MiB, 30d` for each stream and bucket. */
export function describeBootstrap(results: readonly Bootstrapped[]): string[] {
  const width = Math.max(...results.map(({ name }) => name.length))
  return results.map(({ name, action, bounds }) => {
    const age = bounds.max_age_seconds === null ? '' : `, ${formatDuration(bounds.max_age_seconds * 1000)}`
    return `${name.padEnd(width)}  ${action.padEnd(9)}  at most ${Math.round(bounds.max_bytes / 1024 ** 2)} MiB${age}`
  })
}

import type { AlertEvent } from '@nightshift/shared/events/alert'

export type Severity = AlertEvent['severity']

/** From the worst down. */
export const severities = ['critical', 'warning', 'info'] as const satisfies readonly Severity[]

export function isWorse(a: Severity, b: Severity): boolean {
  return severities.indexOf(a) < severities.indexOf(b)
}

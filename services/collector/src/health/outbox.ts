import type { HealthEvent } from '@nightshift/shared/events/health'

/** Transitions that may wait; the bus takes them at once, or its spool does, so they wait only when the disk fails too. */
export const maxOutbox = 1000

/** When too many wait, the last of each check stands for those before it. */
export function compactOutbox(events: readonly HealthEvent[]): HealthEvent[] {
  if (events.length <= maxOutbox) return [...events]
  const last = new Map(events.map((event) => [event.check, event]))
  return events.filter((event) => last.get(event.check) === event).slice(-maxOutbox)
}

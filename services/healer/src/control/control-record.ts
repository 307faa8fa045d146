import type { ControlRecord } from '@nightshift/shared/control/control-record'

/** Why nobody may act, or null when nothing stands against it. */
export interface Control {
  killSwitch: string | null
  hold: string | null
}

/** What a stored switch says now. */
export function standing(record: ControlRecord | undefined, now: number): string | null {
  if (record === undefined || !record.active) return null
  if (record.until_time !== null && Date.parse(record.until_time) <= now) return null
  return `${record.reason} (${record.actor})`
}

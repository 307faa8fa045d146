import { isoTime } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { muteOf } from '../mute/mute.ts'
import { toldMute } from './explain-alert.ts'
import type { Standing, ToldMute } from './standing.ts'

/** What people did, or the configuration does, about an alert. */
export interface AlertState {
  readonly muted: ToldMute | null
  readonly acked: { readonly actor: string; readonly until_time: string | null } | null
}

/** The state of any alert at this moment. */
export function alertStates({ groups, muters, nowMs }: Pick<Standing, 'groups' | 'muters' | 'nowMs'>): (event: AlertEvent) => AlertState {
  const acked = new Map<string, NonNullable<AlertState['acked']>>()
  for (const group of groups) {
    if (group.acked === null) continue
    const { actor, until_ms: untilMs } = group.acked
    const told = { actor, until_time: untilMs === null ? null : isoTime(untilMs) }
    for (const fingerprint of Object.keys(group.members)) acked.set(fingerprint, told)
  }
  return (event) => {
    const mute = muteOf(muters, event, nowMs)
    return { muted: mute === undefined ? null : toldMute(mute), acked: acked.get(event.fingerprint) ?? null }
  }
}

import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Mute } from '../mute/mute.ts'
import type { Route } from '../route/route-tree.ts'
import { isWorse } from '../rules/severity.ts'
import { isFiring, type Group, type Member } from './group.ts'

export type MuteOf = (event: AlertEvent) => Mute | undefined

/** When a group is to be looked at again, milliseconds; undefined: not before something happens to it. Pure. */
export function dueMs(group: Group, route: Route, muteOf: MuteOf): number | undefined {
  const members = Object.values(group.members)
  const times = members.flatMap((member) => memberDueMs(group, route, member, muteOf(member.event)))
  const repeatMs = repeatDueMs(group, route, muteOf)
  if (repeatMs !== undefined) times.push(repeatMs)
  const stepMs = stepDueMs(group, muteOf)
  if (stepMs !== undefined) times.push(stepMs)
  if (group.acked?.until_ms != null) times.push(group.acked.until_ms)
  const unmutedMs = firstUnmutedMs(group, muteOf)
  if (unmutedMs !== undefined) times.push(unmutedMs)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** When there is to be another message although nothing changed; undefined: never. */
export function repeatDueMs(group: Group, route: Route, muteOf: MuteOf): number | undefined {
  if (group.incident === null || group.told_ms === null || group.acked !== null) return undefined
  const isOpen = Object.values(group.members).some(
    ({ event, told, left }) => !left && isFiring(event) && told?.phase === 'firing' && muteOf(event) === undefined,
  )
  return isOpen ? group.told_ms + route.repeatMs : undefined
}

/** When the next step of the ladder is to be taken; undefined: never, unless something changes. */
export function stepDueMs(group: Group, muteOf: MuteOf): number | undefined {
  const { incident, acked, escalated } = group
  const step = incident?.ladder?.steps[escalated]
  if (incident?.ladder == null || step === undefined || acked !== null) return undefined
  const { severities } = incident.ladder
  const isMeant = Object.values(group.members).some(
    ({ event, told, left }) =>
      !left && isFiring(event) && told?.phase === 'firing' && severities.includes(event.severity) && muteOf(event) === undefined,
  )
  return isMeant ? incident.opened_ms + step.after_ms : undefined
}

/** When the first member that people know of is heard again: then it may be time to repeat or to escalate. */
function firstUnmutedMs(group: Group, muteOf: MuteOf): number | undefined {
  if (group.incident === null || group.acked !== null) return undefined
  const times = Object.values(group.members).flatMap(({ event, told }) => {
    const mute = isFiring(event) && told?.phase === 'firing' ? muteOf(event) : undefined
    return mute?.untilMs == null ? [] : [mute.untilMs]
  })
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Whether this member is kept from people: its end is not, once they heard of it. Of what comes and goes the end is no end yet. */
export function isHeldBack(member: Member, mute: Mute | undefined): boolean {
  return mute !== undefined && (isFiring(member.event) || member.told === null || mute.kind === 'flapping')
}

function memberDueMs(group: Group, route: Route, member: Member, mute: Mute | undefined): number[] {
  const { event, told, news_ms: newsMs } = member
  if (newsMs === null) return []
  if (isHeldBack(member, mute)) return mute?.untilMs == null ? [] : [mute.untilMs]
  const hasBecomeCritical = isFiring(event) && event.severity === 'critical' && (told === null || isWorse('critical', told.severity))
  const isAllOver = !Object.values(group.members).some((each) => isFiring(each.event))
  if (hasBecomeCritical || isAllOver) return [newsMs]
  const isFollowUp = group.incident !== null && group.told_ms !== null
  return [isFollowUp ? Math.max(newsMs, (group.told_ms ?? 0) + route.groupIntervalMs) : newsMs + route.groupWaitMs]
}

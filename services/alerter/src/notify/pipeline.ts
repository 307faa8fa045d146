import type { AlertEvent } from '@nightshift/shared/events/alert'
import { chooseChannels } from './choose-channels.ts'
import { dropUntold } from './drop-untold.ts'
import { notificationId, type Notification } from './notification.ts'

/** An alert event on its way to people. A stage takes it, changes whom it goes to, or drops it. */
export interface Candidate {
  readonly event: AlertEvent
  readonly channels: readonly string[]
}

/** What stages may look at. */
export interface PipelineView {
  /** Names of all that are configured. */
  readonly channels: readonly string[]
  /** The channels that a rule names; null when it leaves that open, or is gone. */
  channelsOf(rule: string): readonly string[] | null
}

/** One decision between an alert and its notifications. Pure; undefined drops it. */
export type Stage = (candidate: Candidate, view: PipelineView) => Candidate | undefined

/** In the order in which an event passes them. */
export const stages: readonly Stage[] = [dropUntold, chooseChannels]

/** The notifications that an alert event leads to. */
export function notificationsFor(event: AlertEvent, view: PipelineView): Notification[] {
  let candidate: Candidate | undefined = { event, channels: [] }
  for (const stage of stages) {
    candidate = candidate && stage(candidate, view)
  }
  return (candidate?.channels ?? []).map((channel) => ({ id: notificationId(event), channel, event }))
}

import { z } from 'zod'
import type { AlertEvent } from '@nightshift/shared/events/alert'

/** What stands in a button, and comes back when somebody presses it. */
export const actionIds = { ack: 'nightshift_ack', silence: 'nightshift_silence', runbook: 'nightshift_runbook' } as const

/** A press of one of our buttons. */
export interface SlackPress {
  readonly what: 'ack' | 'silence'
  readonly fingerprints: readonly string[]
  readonly user: { readonly id: string; readonly name: string }
  /** Where the message stands. */
  readonly channel: string
  readonly ts: string
}

/** Slack takes 2000 characters as the value of a button. */
const maxValueLength = 2000

/** The alerts that a button is about, the first the one that matters most. */
export function alertsValue(alerts: readonly AlertEvent[]): string {
  let value = ''
  for (const { fingerprint } of alerts) {
    const longer = value === '' ? fingerprint : `${value},${fingerprint}`
    if (longer.length > maxValueLength) break
    value = longer
  }
  return value
}

const payloadSchema = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().min(1).max(32), username: z.string().max(128).optional(), name: z.string().max(128).optional() }),
  container: z.object({ message_ts: z.string().max(32), channel_id: z.string().max(32) }),
  actions: z.array(z.object({ action_id: z.string().max(255), value: z.string().max(maxValueLength).optional() })).max(25),
})

/** What was pressed; undefined when it is none of our buttons that do something. */
export function pressOf(payload: unknown): SlackPress | undefined {
  const parsed = payloadSchema.safeParse(payload)
  if (!parsed.success) return undefined
  const { user, container, actions } = parsed.data
  const action = actions.find(({ action_id: id }) => id === actionIds.ack || id === actionIds.silence)
  const fingerprints = (action?.value ?? '').split(',').filter((text) => /^[0-9a-zA-Z]{4,64}$/.test(text))
  if (action === undefined || fingerprints.length === 0) return undefined
  return {
    what: action.action_id === actionIds.ack ? 'ack' : 'silence',
    fingerprints,
    user: { id: user.id, name: user.username ?? user.name ?? user.id },
    channel: container.channel_id,
    ts: container.message_ts,
  }
}

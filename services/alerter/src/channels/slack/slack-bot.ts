import { z } from 'zod'
import { isWorse } from '../../rules/severity.ts'
import type { Notification } from '../../notify/notification.ts'
import { ChannelError, type Channel, type ChannelMemory } from '../channel.ts'
import type { SlackClient } from './slack-client.ts'
import { goneCodes } from './slack-errors.ts'
import { slackLogLineOf, slackMessageOf, type Look } from './slack-message.ts'

/** Slack takes a message a second per channel, and short bursts; what waits longer than people care to is put together. */
const rate = { burst: 3, perMs: 3000, patience: 8 }

/** Of the channel only so much is searched for a message of ours. */
const maxSearched = 100
/** Our clock and that of Slack. */
const clockSlackSeconds = 120

const historySchema = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      metadata: z.object({ event_payload: z.record(z.string(), z.string()).optional().catch(undefined) }).optional(),
    }),
  ),
})

interface Options {
  readonly client: SlackClient
  /** `#name` or an id. */
  readonly channel: string
  readonly look: Look
}

/**
 * One message per incident, edited in place; its thread is the log. Where it stands is kept: the channel's id, the time stamp, and the last
 * notification, so that what was told before a crash is not told again.
 */
export function slackBot({ client, channel, look }: Options): Channel {
  /** A message of before a crash, or of a call that nobody answered; undefined when there is none, or we may not look. */
  const find = async ({ message }: Notification, signal: AbortSignal): Promise<ChannelMemory | undefined> => {
    if (!isId(channel)) return undefined
    const range = { oldest: String(Math.floor(message.opened_ms / 1000) - clockSlackSeconds), limit: maxSearched }
    const answer = await client
      .call('conversations.history', { channel, ...range, include_all_metadata: true }, signal)
      .catch((error: unknown) => {
        // Better told twice than late: without the right to read, and also when Slack has no time for it just now.
        if (signal.aborted) throw error
        return undefined
      })
    const messages = historySchema.safeParse(answer).data?.messages ?? []
    const found = messages.find(({ metadata }) => metadata?.event_payload?.['incident'] === message.incident)
    return found === undefined ? undefined : { ...found.metadata?.event_payload, to: channel, id: channel, ts: found.ts }
  }
  const bodyOf = (notification: Notification) => {
    const payload = { incident: notification.message.incident, ...stateOf(notification) }
    return { ...slackMessageOf(notification, look), metadata: { event_type: 'nightshift_incident', event_payload: payload } }
  }
  const post = async (notification: Notification, signal: AbortSignal): Promise<ChannelMemory> => {
    const answer = await client.call('chat.postMessage', { channel, ...bodyOf(notification), unfurl_links: false }, signal)
    const { ts, channel: id } = answer as { ts?: unknown; channel?: unknown }
    if (typeof ts !== 'string' || typeof id !== 'string')
      throw new ChannelError('bad_answer', 'Slack took a message and does not say where it stands', { transient: false })
    return { to: channel, id, ts, ...stateOf(notification) }
  }
  const edit = async (notification: Notification, memory: ChannelMemory, signal: AbortSignal): Promise<ChannelMemory> => {
    const { id, ts } = memory
    await client.call('chat.update', { channel: id, ts, ...bodyOf(notification) }, signal).catch((error: unknown) => {
      // Edits have a limit of their own; a new message need not wait for it.
      if (!(error instanceof ChannelError) || error.code !== 'ratelimited') throw error
      throw new ChannelError(error.code, error.message, { transient: true, retryAfterMs: error.retryAfterMs, isOnlyThis: true })
    })
    const reply = { channel: id, thread_ts: ts, text: slackLogLineOf(notification, look), reply_broadcast: isLoud(notification, memory) }
    await client.call('chat.postMessage', { ...reply, unfurl_links: false }, signal)
    return { ...memory, ...stateOf(notification) }
  }
  return {
    kind: 'slack',
    edits: true,
    rate,
    send: async (notification, _attempt, signal, before) => {
      const kept = before?.memory?.['to'] === channel ? before.memory : undefined
      const memory = kept ?? (before?.isInDoubt === true ? await find(notification, signal) : undefined)
      if (memory === undefined) return await post(notification, signal)
      if (memory['last'] === notification.id) return memory
      try {
        return await edit(notification, memory, signal)
      } catch (error) {
        if (error instanceof ChannelError && goneCodes.has(error.code)) return await post(notification, signal)
        throw error
      }
    },
    close: () => undefined,
  }
}

/** History is read by id alone. */
function isId(channel: string): boolean {
  return /^[CGD][A-Z0-9]{5,20}$/.test(channel)
}

function stateOf({ id, message }: Notification): ChannelMemory {
  return { last: id, worst: message.firing === 0 ? 'info' : message.worst }
}

/** An edit calls nobody, so what is to be heard is also shown in the channel: an escalation, and when it has become worse. */
function isLoud({ message }: Notification, { worst }: ChannelMemory): boolean {
  if (message.occasion === 'escalated') return true
  return message.firing > 0 && message.worst === 'critical' && worst !== undefined && isWorse('critical', worst as 'warning' | 'info')
}

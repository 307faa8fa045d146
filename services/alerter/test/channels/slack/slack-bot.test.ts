import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SlackStandIn, type SlackFault } from '@nightshift/test-servers/slack'
import type { Channel, ChannelMemory } from '../../../src/channels/channel.ts'
import type { Notification } from '../../../src/notify/notification.ts'
import { messageOf, openSlack, resolved } from './slack-bed.ts'

let slack: SlackStandIn
let channel: Channel
const opened: Channel[] = []
beforeEach(async () => {
  slack = await SlackStandIn.start({ burst: 50 })
  channel = open()
})
afterEach(async () => {
  for (const each of opened.splice(0)) each.close()
  await slack.stop()
})

function open(change: Record<string, unknown> = {}): Channel {
  const made = openSlack(slack, change)
  opened.push(made)
  return made
}

const signal = new AbortController().signal
const send = async (notification: Notification, memory?: ChannelMemory, isInDoubt = false): Promise<ChannelMemory> => {
  const kept = await channel.send(notification, 1, signal, { memory, isInDoubt })
  if (kept === undefined) throw new Error('nothing is kept in mind')
  return kept
}
const methods = () => slack.calls.map(({ method, outcome }) => `${method} ${outcome}`)

describe('a bot in Slack', () => {
  it('has one message per incident, edits it, and keeps the log in its thread', async () => {
    const first = await send(messageOf(1))
    const second = await send(messageOf(2), first)
    await send(resolved(3), second)
    expect(slack.roots).toHaveLength(1)
    const [root] = slack.roots
    expect(root).toMatchObject({ channel: 'C0ALERTS01', edits: 2, text: '✅ Resolved: cpu-high on web-1' })
    expect(root?.attachments[0]).toMatchObject({ color: 'good' })
    expect(slack.repliesTo(root!).map(({ text, isBroadcast }) => [text.split('\n')[0], isBroadcast])).toEqual([
      ['⚠️ Warning: cpu-high on web-1', false],
      ['✅ Resolved: cpu-high on web-1', false],
    ])
  })

  it('shows in the channel what must be heard: an escalation with a mention, and what has become critical', async () => {
    const first = await send(messageOf(1))
    const contacts = [{ name: 'Kim', role: 'development lead', phone: '+82 10', email: null, slack: 'U0KIM00001' }]
    const second = await send(messageOf(2, { occasion: 'escalated', contacts }), first)
    const third = await send(messageOf(3, { worst: 'critical' }, { severity: 'critical' }), second)
    await send(messageOf(4, { worst: 'critical' }, { severity: 'critical' }), third)
    const replies = slack.repliesTo(slack.roots[0]!)
    expect(replies.map(({ isBroadcast }) => isBroadcast)).toEqual([true, true, false])
    expect(replies[0]?.text).toContain('<@U0KIM00001> Called: Kim (development lead, +82 10)')
  })

  it('says who took it on, and takes the button away', async () => {
    channel = open({ buttons: { signing_secret: '12345678', users: ['*'] } })
    const first = await send(messageOf(1))
    const buttons = () =>
      slack.roots[0]?.attachments[0]?.blocks?.find(({ type }) => type === 'actions')?.elements?.map((each) => each.action_id)
    expect(buttons()).toEqual(['nightshift_ack', 'nightshift_silence'])
    await send(messageOf(2, { occasion: 'acked', acked: { actor: 'kim <3', time_ms: 0, until_ms: null } }), first)
    expect(buttons()).toEqual(['nightshift_silence'])
    expect(slack.repliesTo(slack.roots[0]!)[0]?.text).toBe('👀 Acknowledged by kim &lt;3')
  })

  it.each(['message_not_found', 'cant_update_message', 'edit_window_closed', 'channel_not_found'])(
    'posts anew when its message cannot be edited any more: %s',
    async (error) => {
      const first = await send(messageOf(1))
      slack.faults.push({ method: 'chat.update', error })
      const second = await send(messageOf(2), first)
      expect(slack.roots).toHaveLength(2)
      await send(messageOf(3), second)
      expect(slack.roots.map(({ edits }) => edits)).toEqual([0, 1])
    },
  )

  it('posts anew when somebody deleted its message', async () => {
    const first = await send(messageOf(1))
    slack.roots[0]!.isDeleted = true
    await send(messageOf(2), first)
    expect(methods().slice(1)).toEqual(['chat.update message_not_found', 'chat.postMessage ok'])
    expect(slack.roots).toHaveLength(1)
  })

  it('finds the message that was taken without an answer, where it may read and knows the id of the channel', async () => {
    channel = open({ channel: 'C0ALERTS01', timeout: '300ms' })
    slack.faults.push({ takesAndHangs: true })
    await expect(send(messageOf(1))).rejects.toMatchObject({ code: 'unreachable' })
    channel = open({ channel: 'C0ALERTS01' })
    const kept = await send(messageOf(1), undefined, true)
    await send(resolved(2), kept)
    expect(slack.roots).toHaveLength(1)
    expect(slack.roots[0]).toMatchObject({ edits: 1, text: '✅ Resolved: cpu-high on web-1' })
    expect(await send(messageOf(1, { incident: 'another' }), undefined, true)).toMatchObject({ last: 'another-1-new' })
    expect(slack.roots).toHaveLength(2)
  })

  it.each([{ error: 'missing_scope' }, { status: 429 }, { status: 500 }, { hangs: true }])(
    'posts rather once more than late when it cannot look: %j',
    async (fault) => {
      channel = open({ channel: 'C0ALERTS01', timeout: '2s' })
      slack.faults.push({ method: 'conversations.history', ...fault })
      await send(messageOf(1), undefined, true)
      expect(slack.roots).toHaveLength(1)
    },
  )

  it('keeps a limit of edits to the message that is to be edited', async () => {
    const first = await send(messageOf(1))
    slack.faults.push({ method: 'chat.update', status: 429, retryAfterSeconds: 9 })
    await expect(send(messageOf(2), first)).rejects.toMatchObject({ code: 'ratelimited', retryAfterMs: 9000, isOnlyThis: true })
  })

  it('says nothing again that it said before a crash', async () => {
    const first = await send(messageOf(1))
    expect(await send(messageOf(1), first)).toEqual(first)
    expect(methods()).toEqual(['chat.postMessage ok'])
  })

  it('posts anew in another channel when the configuration names one', async () => {
    const first = await send(messageOf(1))
    channel = open({ channel: '#ops' })
    await send(messageOf(2), first)
    expect(slack.roots.map(({ channel: id }) => id)).toEqual(['C0ALERTS01', 'C0OPS00001'])
  })

  it.each<[SlackFault, object]>([
    [
      { status: 429, retryAfterSeconds: 7 },
      { code: 'ratelimited', transient: true, retryAfterMs: 7000 },
    ],
    [{ status: 500 }, { code: 'http_500', transient: true }],
    [{ status: 503 }, { code: 'http_503', transient: true }],
    [{ hangs: true }, { code: 'unreachable', transient: true }],
    [{ error: 'internal_error' }, { code: 'internal_error', transient: true }],
    [{ error: 'channel_not_found' }, { code: 'channel_not_found', transient: false }],
    [{ error: 'msg_too_long' }, { code: 'msg_too_long', transient: false }],
    [{ error: 'token_revoked' }, { code: 'token_revoked', transient: false }],
  ])('knows what passes and what does not: %j', async (fault, wanted) => {
    if (fault.hangs === true) channel = open({ timeout: '300ms' })
    slack.faults.push(fault)
    await expect(send(messageOf(1))).rejects.toMatchObject(wanted)
    expect(slack.calls).toHaveLength(1)
  })

  it('says what is wrong with the token, and never the token', async () => {
    channel = open({ bot_token: 'xoxb-somebody-elses-secret' })
    const error = await send(messageOf(1)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'invalid_auth', transient: false })
    expect(String(error)).toMatch(/the bot token is wrong or no longer valid/)
    expect(JSON.stringify(error) + String(error)).not.toContain('secret')
  })

  it('stops waiting when it is told to', async () => {
    slack.faults.push({ hangs: true })
    const stopping = new AbortController()
    channel = open({ timeout: '60s' })
    const sending = channel.send(messageOf(1), 1, stopping.signal)
    setTimeout(() => stopping.abort(), 100)
    const begunMs = performance.now()
    await expect(sending).rejects.toMatchObject({ transient: true })
    expect(performance.now() - begunMs).toBeLessThan(5000)
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SlackStandIn, slackAppToken } from '@nightshift/test-servers/slack'
import { SlackSocket } from '../../../src/channels/slack/slack-socket.ts'
import { until } from '../../alerter-bed.ts'
import { silentLog } from '../../silent-log.ts'

let slack: SlackStandIn
let socket: SlackSocket
const payloads: unknown[] = []
beforeEach(async () => {
  payloads.length = 0
  slack = await SlackStandIn.start()
})
afterEach(async () => {
  await socket.stop()
  await slack.stop()
})

const open = (token = slackAppToken): void => {
  socket = new SlackSocket({ token, apiUrl: slack.apiUrl, log: silentLog, onPayload: (payload) => payloads.push(payload) })
}
const press = async (payload: unknown): Promise<void> => {
  const envelope = slack.pressBySocket(payload)
  await until(() => slack.envelopesAcked.has(envelope))
}
const timeOf = async (work: Promise<void>): Promise<number> => {
  const begunMs = performance.now()
  await work
  return performance.now() - begunMs
}

describe('a socket to Slack', () => {
  it('confirms each press and hands it on, also after the connection broke off', async () => {
    open()
    await until(() => slack.listeners === 1)
    await press({ n: 1 })
    slack.cutConnections()
    await until(() => slack.listeners === 0)
    await until(() => slack.listeners === 1)
    await press({ n: 2 })
    expect(payloads).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('tries again when it is refused', async () => {
    slack.faults.push({ error: 'internal_error' })
    open()
    await until(() => slack.listeners === 1)
    expect(slack.calls.map(({ outcome }) => outcome)).toEqual(['internal_error', 'ok'])
  })

  it('ends at once, whether Slack says goodbye or not', async () => {
    open()
    await until(() => slack.listeners === 1)
    slack.isDeaf = true
    expect(await timeOf(socket.stop())).toBeLessThan(3000)
    await until(() => slack.listeners === 0)
  })

  it('ends at once while it waits for an answer, and opens nothing afterwards', async () => {
    slack.faults.push({ hangs: true })
    open()
    await until(() => slack.calls.length === 1)
    expect(await timeOf(socket.stop())).toBeLessThan(3000)
    expect(slack.listeners).toBe(0)
  })
})

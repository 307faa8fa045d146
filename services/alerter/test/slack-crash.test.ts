import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SlackStandIn, slackToken } from '@nightshift/test-servers/slack'
import { outboxBucket } from '../src/notify/outbox-record.ts'
import { AlerterBed, until } from './alerter-bed.ts'
import { AlerterProcess } from './alerter-process.ts'

let bed: AlerterBed
let slack: SlackStandIn
beforeEach(async () => {
  ;[bed, slack] = await Promise.all([AlerterBed.open(), SlackStandIn.start()])
})
afterEach(async () => {
  await bed.close()
  await slack.stop()
})

/** Each check is an incident of its own. */
const configOf = (change: Record<string, unknown>) => ({
  route: { group_by: ['alert'], group_wait: '0s', group_interval: '0s' },
  default_rules: ['check-failing'],
  channels: { team: { kind: 'slack', bot_token: slackToken, channel: '#alerts', api_url: slack.apiUrl, ...change } },
})
const delivered = () => bed.notifies.filter(({ outcome }) => outcome === 'delivered').length
const seen = () => ({ calls: slack.calls.map(({ method, outcome }) => `${method} ${outcome}`), notifies: bed.notifies })

/** CI and a person in a hurry run this; a campaign runs more. */
const seeds = Array.from({ length: Number(process.env['SLACK_CRASH_SEEDS'] ?? 1) }, (_, index) => index + 1)
const rounds = 2
const checksPerRound = 3

describe('kill -9', () => {
  const processOf = (change: Record<string, unknown> = {}) =>
    new AlerterProcess({ folder: bed.folder, host: 'hub', natsUrl: bed.server.url, alerter: configOf({ timeout: '60s', ...change }) })
  let running: AlerterProcess
  const begin = async (change?: Record<string, unknown>): Promise<void> => {
    running = processOf(change)
    const alerts = await bed.bus.kv('alerts')
    await until(
      async () => (await alerts.get('checkpoint.0')) !== null,
      () => running.output,
    )
  }
  afterEach(async () => await running.end('SIGKILL'))

  it('between the post and its note costs one more message where we may not read, and between an edit and its note nothing', async () => {
    slack.mayReadHistory = false
    await begin()
    slack.faults.push({ method: 'chat.postMessage', takesAndHangs: true })
    await bed.health('failing')
    await until(() => slack.roots.length === 1, seen)
    await running.end('SIGKILL')
    running = processOf()
    await until(
      () => delivered() === 1,
      () => running.output,
    )
    expect(slack.roots).toHaveLength(2)
    slack.faults.push({ method: 'chat.update', takesAndHangs: true })
    await bed.health('ok')
    await until(() => slack.roots[1]?.edits === 1, seen)
    await running.end('SIGKILL')
    running = processOf()
    await until(
      () => delivered() === 2,
      () => running.output,
    )
    expect(slack.roots.map(({ edits }) => edits)).toEqual([0, 2])
    expect(slack.repliesTo(slack.roots[1]!)).toHaveLength(1)
  }, 60_000)

  it.each(seeds)(
    'at any moment, with an unreliable Slack, leaves one message per incident, which says how it ended (seed %d)',
    async (seed) => {
      const random = randomOf(seed)
      const change = { channel: 'C0ALERTS01', timeout: '300ms' }
      await begin(change)
      const checks: string[] = []
      for (let round = 0; round < rounds; round++) {
        const methods = ['chat.postMessage', 'chat.update']
        const kinds = [{ status: 500 }, { status: 429, retryAfterSeconds: 1 }, { takesAndHangs: true }, { hangs: true }]
        for (let count = 0; count < 2; count++)
          slack.faults.push({ method: methods[Math.floor(random() * 2)]!, ...kinds[Math.floor(random() * 4)] })
        for (const check of checks.splice(0)) await bed.health('ok', check)
        for (let index = 0; index < checksPerRound; index++) {
          checks.push(`check-${round}-${index}`)
          await bed.health('failing', checks.at(-1))
        }
        await new Promise((resolve) => setTimeout(resolve, random() * 1500))
        await running.end('SIGKILL')
        running = processOf(change)
      }
      for (const check of checks) await bed.health('ok', check)
      const isOver = (incident: string) =>
        slack.roots.some(({ text, metadata }) => text.startsWith('✅') && incidentOf(metadata) === incident)
      const incidents = () => new Set(slack.roots.map(({ metadata }) => incidentOf(metadata)))
      const waiting = async () =>
        (await Array.fromAsync((await bed.bus.bucket('outbox', outboxBucket)).entries())).filter(
          ([, { value }]) => value.notification !== null && value.outcome === null,
        ).length
      await until(
        async () =>
          bed.phases.filter((phase) => phase === 'check-failing resolved').length === rounds * checksPerRound && (await waiting()) === 0,
        () => [seen(), running.output],
        60_000,
      )
      expect([...incidents()].filter((incident) => !isOver(incident))).toEqual([])
      expect(incidents().size).toBe(rounds * checksPerRound)
      expect(slack.roots).toHaveLength(rounds * checksPerRound)
      expect(bed.notifies.filter(({ outcome }) => outcome === 'dead')).toEqual([])
    },
    90_000,
  )
})

const incidentOf = (metadata: unknown): string => (metadata as { event_payload: { incident: string } }).event_payload.incident

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b9)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

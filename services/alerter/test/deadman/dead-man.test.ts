import { afterEach, beforeEach, expect, it } from 'vitest'
import { AlerterBed, until } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'

let bed: AlerterBed
let outside: Receiver
let people: Receiver
beforeEach(async () => {
  ;[bed, outside, people] = await Promise.all([AlerterBed.open(), startReceiver(), startReceiver()])
})
afterEach(async () => {
  await bed.close()
  await Promise.all([outside.stop(), people.stop()])
})

const config = () => ({
  deadman: { url: `${outside.url}/secret-token`, every: '1s', timeout: '500ms' },
  channels: { hook: { kind: 'webhook', url: people.url } },
})
const told = () =>
  people.requests.map(({ body }) => (JSON.parse(body) as { alert: { rule: string; phase: string; summary: string } }).alert)

it('pings while the alerter works, one replica of all, and stops with the bus', async () => {
  const first = await bed.startWorking(config())
  await until(() => outside.requests.length >= 2)
  expect(outside.requests[0]).toMatchObject({ method: 'POST', path: '/hook/secret-token', headers: { 'user-agent': 'nightshift/0.0.0' } })
  const second = await bed.start(config(), 'hub-b')
  await until(() => second.state === 'standby')
  const startMs = performance.now()
  const before = outside.requests.length
  await until(() => outside.requests.length - before >= 3)
  // Two that ping would have come to three in less than two intervals.
  expect(performance.now() - startMs).toBeGreaterThan(1900)
  await bed.server.kill('SIGKILL')
  await until(() => first.bus.state !== 'connected')
  const atLoss = outside.requests.length
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(outside.requests.length - atLoss).toBeLessThanOrEqual(1)
  await bed.server.restart()
  await until(() => outside.requests.length > atLoss + 1, undefined, 30_000)
}, 60_000)

it('tells people once that its pings do not arrive, whatever the reason, and that they do again', async () => {
  outside.answers.push({ status: 200 }, { status: 503 }, { status: 200, hang: true }, { status: 302 }, { status: 500 }, { status: 500 })
  const handle = await bed.startWorking(config())
  await until(() => told().length === 2, told)
  expect(told()).toMatchObject([
    {
      rule: 'dead-man-unreachable',
      phase: 'firing',
      summary: expect.stringMatching(/^the dead-man ping failed 3 times in a row: 127\.0\.0\.1:\d+ answered 302$/),
    },
    { rule: 'dead-man-unreachable', phase: 'resolved', summary: 'the dead-man ping arrives again' },
  ])
  expect(JSON.stringify(bed.alerts)).not.toContain('secret-token')
  expect(handle.metricsText()).toMatch(/nightshift_alerter_dead_man_failures_total.* 5/)
}, 60_000)

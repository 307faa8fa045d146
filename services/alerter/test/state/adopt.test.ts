import { afterEach, beforeEach, expect, it } from 'vitest'
import { AlerterBed, until } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'

let bed: AlerterBed
let receiver: Receiver
beforeEach(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
})
afterEach(async () => {
  await bed.close()
  await receiver.stop()
})

const hosts = Array.from({ length: 10 }, (_, index) => `web-${index}`)
const heard = () => receiver.requests.map(({ body }) => (JSON.parse(body) as { alert: { host: string; phase: string } }).alert)
const heardOf = (phase: string) => new Set(heard().flatMap((alert) => (alert.phase === phase ? [alert.host] : [])))
const config = (shards: number) => ({ shards, channels: { hook: { kind: 'webhook', url: receiver.url } }, route: { group_interval: '0s' } })

async function restartWith(shards: number): Promise<void> {
  await bed.stopAll()
  const alerter = await bed.start(config(shards))
  const ownsAll = new RegExp(`^nightshift_alerter_shards_owned(?:{.*})? ${shards}$`, 'm')
  await until(
    () => alerter.state === 'ready' && ownsAll.test(alerter.metricsText()),
    () => alerter.metricsText(),
    20_000,
  )
}

it('another number of shards goes on with every alert, and ends it once', async () => {
  await restartWith(1)
  for (const host of hosts) await bed.health('failing', 'web', host)
  await until(() => heardOf('firing').size === hosts.length)
  await restartWith(3)
  const [first, second, ...others] = hosts
  for (const host of [first, second]) await bed.health('ok', 'web', host)
  await until(() => heardOf('resolved').size === 2, heard)
  await restartWith(2)
  for (const host of others) await bed.health('ok', 'web', host)
  await until(() => heardOf('resolved').size === hosts.length, heard)
  await restartWith(1)
  await bed.health('failing', 'web', 'web-3')
  await until(() => bed.alerts.filter(({ host, phase }) => host === 'web-3' && phase === 'firing').length === 2)
  const ids = new Set(bed.alerts.map(({ id }) => id))
  expect(ids.size).toBe(hosts.length * 2 + 1)
  const left: string[] = []
  for await (const key of await (await bed.bus.kv('alerts')).keys()) left.push(key)
  expect(left.filter((key) => /^shard-.*\.(?:alert|health)\./.test(key))).toEqual([])
}, 90_000)

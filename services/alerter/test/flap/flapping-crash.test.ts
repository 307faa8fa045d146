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

const occasions = () => receiver.requests.map(({ body }) => (JSON.parse(body) as { group: { occasion: string } }).group.occasion)
const config = () => ({
  flapping: { window: '5s' },
  channels: { hook: { kind: 'webhook', url: receiver.url } },
  route: { group_interval: '0s' },
})

it('tells that it has settled also when a crash came between saying that it comes and goes and noting it', async () => {
  const first = await bed.startWorking(config())
  for (let index = 0; index < 7; index++) {
    await bed.health(index % 2 === 0 ? 'failing' : 'ok')
    await until(() => bed.alerts.filter(({ phase }) => phase !== 'flapping').length === index + 1)
  }
  await until(() => occasions().at(-1) === 'flapping', occasions)
  await first.stop()
  // What was said is stored with its group, and that it flaps is not.
  await (await bed.bus.kv('hosts')).delete('flapping')
  await bed.startWorking(config())
  await until(() => occasions().at(-1) === 'changed', occasions, 15_000)
  expect(occasions().filter((occasion) => occasion === 'flapping')).toHaveLength(1)
  expect(bed.alerts.at(-1)).toMatchObject({ phase: 'updated', reason: 'settled: it does not come and go any more' })
}, 60_000)

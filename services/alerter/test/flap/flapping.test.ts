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

const told = () =>
  receiver.requests.map(({ body }) => {
    const { alert, group } = JSON.parse(body) as { alert: { summary: string }; group: { occasion: string } }
    return { occasion: group.occasion, summary: alert.summary }
  })
const occasions = () => told().map(({ occasion }) => occasion)

/** A few seconds are all that is looked back on, so that it settles while we wait. */
const config = () => ({
  flapping: { window: '6s' },
  channels: { hook: { kind: 'webhook', url: receiver.url } },
  route: { group_interval: '0s' },
})

async function flap(): Promise<void> {
  for (let index = 0; index < 10; index++) {
    await bed.health(index % 2 === 0 ? 'failing' : 'ok')
    await until(() => bed.alerts.filter(({ phase }) => phase !== 'flapping').length === index + 1)
  }
}

it('tells once that an alert comes and goes, is quiet then, over a restart too, and tells what it is in when it has settled', async () => {
  const first = await bed.startWorking(config())
  await flap()
  await until(() => occasions().includes('flapping'), occasions)
  expect(occasions()).toEqual(['new', 'resolved', 'new', 'resolved', 'new', 'resolved', 'flapping'])
  expect(told().at(-1)?.summary).toBe(
    'web on web-1 is failing: connection refused; it comes and goes; you hear of it again when it has settled',
  )
  expect(bed.alerts.filter(({ phase }) => phase === 'flapping')).toHaveLength(1)
  await first.stop()
  await bed.startWorking(config())
  await bed.health('failing')
  await until(() => bed.alerts.filter(({ phase }) => phase === 'firing').length === 6)
  expect(occasions()).toHaveLength(7)
  await until(() => occasions().length > 7, occasions, 20_000)
  expect(told().slice(7)).toEqual([{ occasion: 'changed', summary: 'web on web-1 is failing: connection refused' }])
  expect(bed.alerts.at(-1)).toMatchObject({ phase: 'updated', reason: 'settled: it does not come and go any more' })
}, 60_000)

it('tells that it is over when an alert that came and went has settled well', async () => {
  await bed.startWorking(config())
  await flap()
  await until(() => occasions().length > 7, occasions, 20_000)
  expect(told().slice(6)).toEqual([
    { occasion: 'flapping', summary: expect.stringContaining('comes and goes') },
    { occasion: 'resolved', summary: 'web on web-1 is ok' },
  ])
  await bed.health('failing')
  await until(() => occasions().length === 9)
  expect(occasions().at(-1)).toBe('new')
}, 60_000)

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silenceBucket } from '../src/silence/silence.ts'
import { AlerterBed, until } from './alerter-bed.ts'
import { startReceiver, type Receiver } from './receiver.ts'

let bed: AlerterBed
let receiver: Receiver
beforeEach(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
})
afterEach(async () => {
  await bed.close()
  await receiver.stop()
})

const told = (): string[] =>
  receiver.requests.map(({ body }) => {
    const { alert } = JSON.parse(body) as { alert: { host: string; labels: Record<string, string>; phase: string } }
    return `${alert.host} ${alert.labels['check']} ${alert.phase}`
  })
/** One message for each step of each alert. */
const config = (more: object = {}) => ({
  channels: { hook: { kind: 'webhook', url: receiver.url } },
  route: { group_by: ['alert'], group_interval: '0s' },
  ...more,
})
const said = (count: number) =>
  until(
    () => bed.alerts.length === count,
    () => bed.phases,
  )

describe('over a restart', () => {
  it('what a cause mutes stays muted, and is told when the cause has ended, also while nobody was there', async () => {
    const inhibit = { uplink: { source: { check: 'uplink' }, equal: ['host'] } }
    const first = await bed.startWorking(config({ inhibit }))
    await bed.health('failing', 'uplink')
    await bed.health('failing', 'web')
    await said(2)
    await until(() => told().length > 0)
    expect(told()).toEqual(['web-1 uplink firing'])
    await first.stop()
    const second = await bed.startWorking(config({ inhibit }))
    await bed.health('failing', 'api')
    await bed.health('failing', 'web', 'web-2')
    await until(() => told().includes('web-2 web firing'), told)
    expect(told()).toEqual(['web-1 uplink firing', 'web-2 web firing'])
    await second.stop()
    await bed.health('ok', 'api')
    await bed.health('ok', 'uplink')
    await bed.startWorking(config({ inhibit }))
    await until(() => told().length === 4, told)
    // Nobody hears of the end of what nobody heard of.
    expect(told().slice(2).toSorted()).toEqual(['web-1 uplink resolved', 'web-1 web firing'])
    await bed.health('ok', 'web')
    await until(() => told().length === 5, told)
    expect(told().at(-1)).toBe('web-1 web resolved')
  })

  it('a silence until everything is resolved lasts, and ends with what it hides', async () => {
    const first = await bed.startWorking(config())
    const createdMs = Date.now() - 60_000
    const silence = {
      id: 's1',
      matchers: [{ name: 'host', op: '=' as const, value: 'db-1' }],
      start_ms: createdMs,
      end_ms: createdMs + 3_600_000,
      created_ms: createdMs,
      creator: 'kim',
      comment: '',
      until_resolved: true,
    }
    const silences = await bed.bus.bucket('silences', silenceBucket)
    await bed.health('failing', 'disk', 'web-1')
    await until(() => told().length === 1, told)
    await silences.put(silence.id, silence, 0)
    await bed.health('failing', 'disk', 'db-1')
    await said(2)
    await first.stop()
    await bed.startWorking(config())
    await bed.health('failing', 'load', 'db-1')
    await bed.health('ok', 'disk', 'db-1')
    await bed.health('ok', 'disk', 'web-1')
    await until(() => told().length === 2, told)
    expect(told()).toEqual(['web-1 disk firing', 'web-1 disk resolved'])
    expect((await silences.get('s1'))?.value.end_ms).toBe(silence.end_ms)
    await bed.health('ok', 'load', 'db-1')
    await until(async () => ((await silences.get('s1'))?.value.end_ms ?? 0) <= Date.now())
    await bed.health('failing', 'disk', 'db-1')
    await until(() => told().length === 3, told)
    expect(told().at(-1)).toBe('db-1 disk firing')
  })
})

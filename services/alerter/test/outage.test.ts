import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rpcSubject } from '@nightshift/shared/subjects'
import type { AlertList } from '../src/list-alerts.ts'
import { AlerterBed, until } from './alerter-bed.ts'
import { AlerterProcess } from './alerter-process.ts'
import { startReceiver, type Receiver } from './receiver.ts'

let bed: AlerterBed
let receiver: Receiver
const processes: AlerterProcess[] = []
beforeEach(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
})
afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.end('SIGKILL')))
  await bed.close()
  await receiver.stop()
})

const hook = () => ({ hook: { kind: 'webhook', url: receiver.url } })

describe('a broker that is killed with -9 while an alert fires', () => {
  it('resolves nothing, and the alert ends when the check is ok again', async () => {
    const rules = { hot: { metric: 'cpu.usage_ratio', above: '85%' } }
    const alerter = await bed.startWorking({ rules, default_rules: ['check-failing'], channels: hook() })
    await bed.health('failing')
    bed.metric('cpu', { usage_ratio: 0.95 })
    await until(() => receiver.keys.size >= 2)
    await bed.server.kill('SIGKILL')
    // Longer than the lease lives: the alerter must find its way back, not merely survive a hiccup.
    await new Promise((resolve) => setTimeout(resolve, 8000))
    await bed.server.restart()
    await until(
      () => alerter.state === 'ready',
      () => [alerter.state, alerter.notReady()],
      30_000,
    )
    await bed.health('failing', 'other')
    await until(() => receiver.keys.size >= 3 && bed.phases.length >= 3)
    expect(bed.phases.toSorted()).toEqual(['check-failing firing', 'check-failing firing', 'hot firing'])
    await bed.health('ok')
    bed.metric('cpu', { usage_ratio: 0.1 })
    await until(
      () => receiver.keys.size >= 5,
      () => bed.phases,
    )
    expect(bed.phases.filter((phase) => phase.endsWith('resolved')).toSorted()).toEqual(['check-failing resolved', 'hot resolved'])
  }, 60_000)

  it('holds when the broker comes back without METRICS', async () => {
    const rules = { hot: { metric: 'cpu.usage_ratio', above: '85%' } }
    const alerter = await bed.startWorking({ rules, default_rules: false, channels: hook() })
    for (let index = 0; index < 50; index++) bed.metric('cpu', { usage_ratio: 0.95 })
    await until(() => bed.phases.length === 1)
    await bed.removeStream('METRICS')
    await bed.provision()
    for (let index = 0; index < 5; index++) bed.metric('cpu', { usage_ratio: 0.95 })
    await until(
      () => (alerter.metricsText().match(/nightshift_alerter_gaps_total.* (\d+)/)?.[1] ?? '0') !== '0',
      () => alerter.metricsText(),
      30_000,
    )
    expect(bed.phases).toEqual(['hot firing'])
    bed.metric('cpu', { usage_ratio: 0.1 })
    await until(() => bed.phases.length === 2)
    expect(bed.phases).toEqual(['hot firing', 'hot resolved'])
  }, 60_000)
})

describe('two replicas', () => {
  it('one works and one stands by; when the first is killed, the second goes on from where it was, and tells nothing again', async () => {
    const alerter = { channels: hook() }
    const start = (host: string) => {
      const started = new AlerterProcess({ folder: bed.folder, host, natsUrl: bed.server.url, alerter })
      processes.push(started)
      return started
    }
    const first = start('hub-a')
    await bed.health('failing', 'a')
    await until(
      () => receiver.keys.size >= 1,
      () => first.output,
    )
    const second = start('hub-b')
    await until(() => second.output.includes('alerter started'))
    await bed.health('failing', 'b')
    await until(() => receiver.keys.size >= 2)
    expect(new Set(bed.alerts.map(({ source }) => source))).toEqual(new Set(['alerter@hub-a']))
    // Noted as delivered: else the successor would rightly send it once more.
    await until(() => bed.notifies.length === 2)
    await first.end('SIGKILL')
    const killedAtMs = performance.now()
    await bed.health('ok', 'a')
    await until(
      () => receiver.keys.size >= 3,
      () => second.output,
      20_000,
    )
    expect(performance.now() - killedAtMs).toBeLessThan(12_000)
    await bed.health('ok', 'b')
    await until(
      () => receiver.keys.size >= 4,
      () => second.output,
    )
    await until(() => bed.alerts.length === 4)
    expect(bed.alerts.map(({ labels, phase, source }) => `${labels['check']} ${phase} ${source}`)).toEqual([
      'a firing alerter@hub-a',
      'b firing alerter@hub-a',
      'a resolved alerter@hub-b',
      'b resolved alerter@hub-b',
    ])
    expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(4)
  }, 60_000)

  it('hands over at once when the first is told to stop', async () => {
    const first = await bed.startWorking({ channels: hook() })
    await bed.health('failing', 'a')
    await until(() => receiver.keys.size >= 1)
    const second = await bed.start({ channels: hook() }, 'hub-b')
    await until(() => second.state === 'standby')
    const list = () => bed.bus.request<AlertList>(rpcSubject('alerter', 'list'), {})
    for (let asked = 0; asked < 10; asked++) expect((await list()).alerts).toMatchObject([{ rule: 'check-failing', phase: 'firing' }])
    await first.stop()
    await bed.health('ok', 'a')
    await until(
      () => receiver.keys.size >= 2,
      () => [second.state, bed.phases],
      4000,
    )
    await until(() => second.state === 'ready')
    expect(bed.phases).toEqual(['check-failing firing', 'check-failing resolved'])
  })
})

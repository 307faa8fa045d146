import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../alerter-bed.ts'
import { AlerterProcess } from '../alerter-process.ts'
import { pause, settle, WatchedBed } from './watched-bed.ts'

let watched: WatchedBed
const processes: AlerterProcess[] = []
beforeEach(async () => {
  watched = await WatchedBed.open()
})
afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.end('SIGKILL')))
  await watched.close()
})

describe('the bus and the alerter themselves', () => {
  it('a broker that restarts makes nobody silent and ends nothing', async () => {
    for (const host of ['web-1', 'web-2', 'web-3']) watched.alive.add(host)
    const alerter = await watched.bed.startWorking(watched.config())
    await watched.bed.health('failing')
    await settle()
    await watched.bed.server.kill('SIGKILL')
    await pause(2500)
    await watched.bed.server.restart()
    await until(
      () => alerter.state === 'ready' && watched.bed.bus.state === 'connected',
      () => alerter.state,
      30_000,
    )
    await pause(4500)
    expect(watched.bed.phases).toEqual(['check-failing firing'])
  }, 60_000)

  it('a replica that takes over knows who was there and who was missed already', async () => {
    for (const host of ['web-1', 'web-2', 'web-3']) watched.alive.add(host)
    const start = (host: string) => {
      const started = new AlerterProcess({ folder: watched.bed.folder, host, natsUrl: watched.bed.server.url, alerter: watched.config() })
      processes.push(started)
      return started
    }
    const first = start('hub-a')
    await until(
      () => first.output.includes('is at work'),
      () => first.output,
    )
    await settle()
    watched.alive.delete('web-1')
    await until(() => watched.told().length === 1, watched.told)
    const second = start('hub-b')
    await until(() => second.output.includes('alerter started'))
    await first.end('SIGKILL')
    watched.alive.delete('web-2')
    await until(() => watched.told().length === 2, watched.told, 30_000)
    watched.alive.add('web-1')
    await until(() => watched.told().length === 3, watched.told)
    expect(watched.told()).toEqual(['host-silent web-1 firing 1', 'host-silent web-2 firing 1', 'host-silent web-1 resolved 0'])
  }, 60_000)

  it('more shards know the hosts that one shard knew, each its own', async () => {
    for (const host of ['web-1', 'web-2', 'web-3']) watched.alive.add(host)
    const first = await watched.bed.startWorking(watched.config())
    await settle()
    await first.stop()
    watched.alive.clear()
    watched.alive.add('web-3')
    await watched.bed.startWorking({ ...watched.config(), shards: 2 })
    await until(() => watched.told().length === 2, watched.told)
    await pause(1500)
    expect(watched.told().toSorted()).toEqual(['host-silent web-1 firing 1', 'host-silent web-2 firing 1'])
  })

  it('says afterwards that nobody watched, when nobody stopped it', async () => {
    const hosts = await watched.bed.bus.kv('hosts')
    const data = { kind: 'watched', token: 0, time_ms: Date.now() - 300_000, is_stopped: false }
    await hosts.put('presence.watched', JSON.stringify({ v: 1, data }))
    await watched.bed.startWorking(watched.config())
    await until(() => watched.told().length === 2, watched.told)
    expect(watched.told()).toEqual(['alerter-blind null firing 1', 'alerter-blind null resolved 0'])
    expect(watched.bed.alerts[0]?.summary).toMatch(/^nobody watched for 5m/)
  })
})

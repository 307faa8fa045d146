import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { shardOfToken } from '../src/shard-place.ts'
import { AlerterBed, until } from './alerter-bed.ts'
import { AlerterProcess } from './alerter-process.ts'
import { startReceiver, type Receiver } from './receiver.ts'

let bed: AlerterBed
let receiver: Receiver
const replicas = new Map<string, AlerterProcess>()
beforeEach(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
})
afterEach(async () => {
  await Promise.all([...replicas.values()].map((replica) => replica.end('SIGKILL')))
  replicas.clear()
  await bed.close()
  await receiver.stop()
})

const hosts = Array.from({ length: 12 }, (_, index) => `web-${index}`)

function startReplica(host: string): void {
  const alerter = {
    shards: 2,
    channels: { hook: { kind: 'webhook', url: receiver.url } },
    route: { group_by: ['alert'], group_interval: '0s' },
  }
  replicas.set(host, new AlerterProcess({ folder: bed.folder, host, natsUrl: bed.server.url, alerter }))
}

/** Who holds each shard; empty for a free one. */
async function owners(): Promise<string[]> {
  const locks = await bed.bus.kv('locks')
  const entries = await Promise.all([0, 1].map((shard) => locks.get(`alerter.shard-${shard}`)))
  return entries.map((entry) =>
    entry?.operation === 'PUT' ? entry.json<{ data: { holder: string } }>().data.holder.replace('alerter@', '') : '',
  )
}

const output = () => [...replicas.values()].map((replica) => replica.output)
const said = (check: string) => bed.alerts.filter(({ labels }) => labels['check'] === check).map(({ host, phase }) => `${host} ${phase}`)

async function allFail(check: string, deadlineMs: number): Promise<number> {
  const startedMs = performance.now()
  for (const host of hosts) await bed.health('failing', check, host)
  await until(() => said(check).length >= hosts.length, output, deadlineMs)
  return performance.now() - startedMs
}

describe('two replicas with two shards', () => {
  it('take one each; when one is killed the other goes on within 5 s, and nothing is lost or said twice', async () => {
    startReplica('a')
    startReplica('b')
    await until(async () => (await owners()).toSorted().join() === 'a,b', output)
    await allFail('first', 10_000)
    const [victim = ''] = await owners()
    await replicas.get(victim)?.end('SIGKILL')
    expect(await allFail('second', 15_000)).toBeLessThan(5000)
    const survivor = victim === 'a' ? 'b' : 'a'
    expect(await owners()).toEqual([survivor, survivor])

    for (const host of hosts) await bed.health('ok', 'first', host)
    await until(() => said('first').length >= hosts.length * 2, output)
    await until(() => receiver.keys.size >= hosts.length * 3, output)
    for (const check of ['first', 'second']) {
      const expected = hosts.flatMap((host) => (check === 'first' ? [`${host} firing`, `${host} resolved`] : [`${host} firing`]))
      expect(said(check).toSorted()).toEqual(expected.toSorted())
    }
    expect(receiver.keys.size).toBe(hosts.length * 3)
    // Both shards had something to do.
    expect(new Set(hosts.map((host) => shardOfToken(host, 2))).size).toBe(2)
  }, 60_000)
})

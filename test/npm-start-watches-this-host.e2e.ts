import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectUrl } from '@nightshift/cli/operator/connect-operator'
import { identifyProcess } from '@nightshift/shared/service/process-identity'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { brokerPid, endAll, startUp } from './stories/up-process.ts'

let data: string
let connection: NatsConnection | undefined
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'nightshift-up-'))
})
afterEach(async () => {
  await connection?.close()
  connection = undefined
  await endAll([data])
  rmSync(data, { recursive: true, force: true })
})

describe('nightshift up', () => {
  test('watches this host from the moment it is ready, and leaves nothing behind when it is told to stop', async () => {
    const up = await startUp(data)
    expect(statSync(join(data, 'run.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(data, 'env')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(data, 'env'), 'utf8')).toBe(`export NATS_URL='${up.run.nats_url}'\n`)

    connection = await connectUrl(up.run.nats_url)
    const groups = new Map<string, number>()
    const refused: string[] = []
    connection.subscribe('ops.metric.>', {
      callback: (_error, message) => {
        try {
          const received = parseEvent(message.subject, message.data) as Extract<Received, { kind: 'metric' }>
          groups.set(received.event.group, (groups.get(received.event.group) ?? 0) + 1)
        } catch (error) {
          refused.push(String(error))
        }
      },
    })
    await vi.waitFor(
      () =>
        expect(
          [...groups]
            .filter(([, count]) => count >= 3)
            .map(([group]) => group)
            .toSorted(),
        ).toEqual(['cpu', 'disk', 'load', 'mem', 'net']),
      8000,
    )
    expect(refused).toEqual([])
    await vi.waitFor(() => expect([...groups.keys()]).toEqual(expect.arrayContaining(['fs', 'proc', 'tcp', 'vm', 'cpu_core'])), 15_000)

    const services: string[] = []
    const replies = await connection.requestMany('$SRV.PING', '', { maxWait: 1000, maxMessages: 5 })
    for await (const reply of replies) services.push(reply.json<{ name: string }>().name)
    expect(services.toSorted()).toEqual(['alerter', 'backup', 'collector', 'healer', 'reporter'])

    const health = await fetch(new URL('/health', up.run.console_url))
    expect(health.status).toBe(200)
    for (const service of services) {
      for (const probe of ['livez', 'readyz', 'metrics']) {
        expect((await fetch(new URL(`/-/${service}/${probe}`, up.run.console_url))).status).toBe(200)
      }
    }

    const broker = brokerPid(data)
    const { code, ms } = await up.end('SIGTERM')
    expect(code).toBe(0)
    expect(ms).toBeLessThan(5000)
    expect(identifyProcess(broker ?? 0)).toBeUndefined()
    expect(() => statSync(join(data, 'run.json'))).toThrow('ENOENT')
  })

  test('a second one on the same folder is refused, one on another folder is not', async () => {
    await startUp(data)
    await expect(startUp(data)).rejects.toThrow('in use by process')
    const other = mkdtempSync(join(tmpdir(), 'nightshift-up-'))
    try {
      await (await startUp(other)).end('SIGTERM')
    } finally {
      await endAll([other])
      rmSync(other, { recursive: true, force: true })
    }
  })

  test('a killed broker is started again and everything recovers', async () => {
    const up = await startUp(data)
    const first = brokerPid(data)
    process.kill(first ?? 0, 'SIGKILL')
    await vi.waitFor(() => expect(brokerPid(data)).not.toBe(first), 5000)
    await vi.waitFor(async () => expect((await fetch(new URL('/health', up.run.console_url))).status).toBe(200), 15_000)
    connection = await connectUrl(up.run.nats_url)
    const subscription = connection.subscribe('ops.metric.*.cpu', { max: 2, timeout: 8000 })
    let seen = 0
    for await (const _message of subscription) seen++
    expect(seen).toBe(2)
  })

  test('after kill -9 the orphaned broker is stopped and a new start loses nothing that was acknowledged', async () => {
    const up = await startUp(data)
    const orphan = brokerPid(data)
    await up.end('SIGKILL')
    expect(identifyProcess(orphan ?? 0)).toBeDefined()
    const again = await startUp(data)
    expect(identifyProcess(orphan ?? 0)).toBeUndefined()
    expect(brokerPid(data)).not.toBe(orphan)
    expect((await fetch(new URL('/health', again.run.console_url))).status).toBe(200)
  })
})

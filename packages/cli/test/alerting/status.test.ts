import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ack } from '../../src/commands/ack.ts'
import { alerts } from '../../src/commands/alerts.ts'
import { silence } from '../../src/commands/silence.ts'
import { status } from '../../src/commands/status.ts'
import { alerterAtWork, run, until } from './alerter-at-work.ts'

interface Listed {
  fingerprint: string
  rule: string
  host: string
  severity: string
  summary: string
  started_time: string
  muted: object | null
  acked: object | null
}

/** A console that shows these alerts as firing. */
async function consoleWith(listed: () => readonly Listed[]): Promise<string> {
  const server = createServer((_, response) => {
    const state = { hosts: [], checks: [], agents: [], alerts: listed().map((alert) => ({ ...alert, state: 'firing' })) }
    response.end(JSON.stringify(state))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('status shows what is muted or taken on as such, and asks for nobody when all that fires is', async () => {
  const work = await alerterAtWork({})
  const at = ['--nats', work.url]
  let known: Listed[] = []
  const look = async (): Promise<Listed[]> => (known = JSON.parse((await run(alerts, ['--json', ...at])).out[0] ?? '[]') as Listed[])
  const flags = ['--console', await consoleWith(() => known), ...at]
  await work.health('db-1', 'postgres', 'failing')
  await work.health('web-1', 'web', 'failing')
  await until(async () => (await look()).length === 2)
  expect(await run(status, flags)).toMatchObject({
    code: 1,
    out: expect.arrayContaining(['2 alerts, 0 failing checks; 0 hosts, 0 checks watched']),
  })

  await run(silence, ['add', 'host=web-1', '--for', '2h', ...at])
  await until(async () => (await look()).some(({ muted }) => muted !== null))
  const half = await run(status, flags)
  expect(half.code).toBe(1)
  expect(half.out[0]).toBe('2 alerts (1 muted or taken on), 0 failing checks; 0 hosts, 0 checks watched')
  await run(ack, [known.find(({ host }) => host === 'db-1')?.fingerprint ?? '', ...at])
  await until(async () => (await look()).every(({ muted, acked }) => muted !== null || acked !== null))
  const all = await run(status, flags)
  expect(all.code).toBe(0)
  expect(all.out.join('\n')).toMatch(/web-1: .* \[silenced by \S+ until \S+\]/)
  expect(all.out.join('\n')).toMatch(/db-1: .* \[acknowledged by kim\]/)
  expect(JSON.parse((await run(status, ['--json', ...flags])).out[0] ?? '')).toMatchObject({
    alerts: expect.arrayContaining([expect.objectContaining({ host: 'web-1', muted: expect.objectContaining({ kind: 'silenced' }) })]),
  })
})

test('without a bus to ask it counts all that fires', async () => {
  const alert = {
    fingerprint: 'f',
    rule: 'cpu-high',
    host: 'web-1',
    severity: 'critical',
    summary: 'hot',
    started_time: '2026-11-21T00:00:00.000Z',
  }
  const flags = ['--console', await consoleWith(() => [{ ...alert, muted: null, acked: null }])]
  expect((await run(status, flags)).code).toBe(1)
})

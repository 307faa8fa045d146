import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AlerterBed, until } from '../alerter-bed.ts'

let bed: AlerterBed
/** Requests that came, each with its key; not one is answered before the test says so. */
const asked: { readonly key: string; readonly response: ServerResponse }[] = []
const server = createServer((request, response) => {
  request.resume().on('end', () => asked.push({ key: String(request.headers['idempotency-key']), response }))
})
beforeEach(async () => {
  bed = await AlerterBed.open()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  await bed.close()
  server.closeAllConnections()
  server.close()
})

/** Longer than a lease lasts. */
const awayMs = 4500

it('does not send again what it delivered while the broker was away for longer than its lease', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  await bed.startWorking({
    channels: { hook: { kind: 'webhook', url, timeout: '60s' } },
    route: { group_by: ['alert'], group_interval: '0s' },
  })
  await bed.health('failing', 'web')
  await until(() => asked.length === 1)
  await bed.server.kill('SIGKILL')
  asked[0]?.response.writeHead(200).end()
  await new Promise((resolve) => setTimeout(resolve, awayMs))
  await bed.server.restart()
  await until(
    () => bed.notifies.length > 0,
    () => bed.notifies,
    30_000,
  )
  await bed.health('failing', 'api')
  await until(() => asked.length > 1, undefined, 30_000)
  asked.slice(1).forEach(({ response }) => response.writeHead(200).end())
  await until(
    () => bed.notifies.length === 2,
    () => bed.notifies,
  )
  expect(new Set(asked.map(({ key }) => key)).size).toBe(2)
  expect(asked).toHaveLength(2)
  expect(bed.notifies.map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered'])
}, 60_000)

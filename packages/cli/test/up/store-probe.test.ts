import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { createLog } from '@nightshift/shared/service/log'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startStoreProbe, type StoreProbe } from '../../src/up/store-probe.ts'

let server: NatsServer
let connection: NatsConnection
let probe: StoreProbe
const lines: string[] = []

beforeEach(async () => {
  lines.length = 0
  server = await startNats()
  connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  await bootstrap(connection, baseConfigSchema.parse({}).streams)
  const log = createLog({ service: 'up', host: 'web-1', write: (line) => void lines.push(line) })
  probe = startStoreProbe({ connection, namespace: 'ops', clock: systemClock, log, everyMs: 200, timeoutMs: 150 })
})
afterEach(async () => {
  await probe.stop()
  await server.kill('SIGCONT')
  await connection.close()
  await server.stop()
})

test('a broker that takes connections and stores nothing is critical, said once, and well again when it stores', async () => {
  await vi.waitFor(() => expect(probe.health()).toMatchObject({ status: 'ok', error: null, last_stored_time: expect.stringMatching(/Z$/) }))
  // Frozen: the connection stays open and nothing is stored, as with a full disk.
  await server.kill('SIGSTOP')
  await vi.waitFor(() => expect(probe.health().status).toBe('critical'), 5000)
  await vi.waitFor(() => expect(lines.filter((line) => line.includes('does not store'))).toHaveLength(1))
  await server.kill('SIGCONT')
  await vi.waitFor(() => expect(probe.health()).toMatchObject({ status: 'ok', error: null }), 5000)
  expect(lines.filter((line) => line.includes('stores again'))).toHaveLength(1)
})

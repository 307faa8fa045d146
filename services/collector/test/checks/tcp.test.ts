import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '@nightshift/test-servers/nats'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { tcpCheck } from '../../src/checks/tcp.ts'
import { checkOf, runCheck } from './run-check.ts'

test('a port that takes connections passes, and the connection is closed again', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connected = once(server, 'connection')
  expect(await runCheck('tcp', { host: 'localhost', port })).toEqual({ ok: true, error: null, detail: { address: `127.0.0.1:${port}` } })
  const [socket] = await connected
  socket.resume()
  await once(socket, 'close')
  server.close()
})

test('a port on which nobody listens fails with the address', async () => {
  const port = await freePort()
  expect(await runCheck('tcp', { port })).toMatchObject({ ok: false, error: `connection refused: nothing listens on 127.0.0.1:${port}` })
})

test('a name that DNS does not know fails with the name', async () => {
  const host = `${'x'.repeat(64)}.invalid`
  expect(await runCheck('tcp', { host, port: 1 })).toMatchObject({ ok: false, error: `no such host: DNS does not know ${host}` })
})

test('a run that is called off settles at once', async () => {
  const options = { signal: AbortSignal.abort(), timeoutMs: 50, host: hostPaths({}), elapsedMs: () => 0 }
  const outcome = await tcpCheck.run(checkOf('tcp', { port: 1 }), options)
  expect(outcome).toEqual({
    ok: false,
    error: 'no connection to 127.0.0.1:1 within 50ms: it is down, or a firewall drops the packets',
    detail: {},
  })
})

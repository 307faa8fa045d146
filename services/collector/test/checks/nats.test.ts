import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { freePort, startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { runCheck } from './run-check.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'

let server: NatsServer
const login = { user: 'watcher', password: 'w4tch-5ecret' }

beforeAll(async () => {
  server = await startNats({ config: 'authorization { users: [{ user: watcher, password: "w4tch-5ecret" }] }' })
  const connection = await connect({ servers: server.url, user: login.user, pass: login.password })
  await connection.request(
    '$JS.API.STREAM.CREATE.ORDERS',
    JSON.stringify({ name: 'ORDERS', subjects: ['orders.>'], storage: 'file', retention: 'limits' }),
  )
  await connection.request('orders.new', 'x')
  await connection.close()
}, 30_000)
afterAll(async () => await server?.stop())

test('a login and a ping pass', async () => {
  const { ok, error, detail } = await runCheck('nats', { servers: [server.url], ...login })
  expect({ ok, error }).toEqual({ ok: true, error: null })
  expect(detail).toMatchObject({ target: server.url, version: server.version, server: `127.0.0.1:${server.port}` })
  expect(detail['rtt_seconds']).toBeLessThan(1)
})

test('a stream passes when it is there', async () => {
  const found = await runCheck('nats', { servers: [server.url], ...login, stream: 'ORDERS' })
  expect(found).toMatchObject({ ok: true, detail: { stream: 'ORDERS', messages: 1, replicas: 1 } })
  expect(await runCheck('nats', { servers: [server.url], ...login, stream: 'SALES' })).toMatchObject({
    ok: false,
    error: 'there is no stream SALES',
  })
})

test('a wrong password is told so, without any secret', async () => {
  const outcome = await runCheck('nats', { servers: [server.url], user: 'watcher', password: 'wr0ng-5ecret' })
  expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining('refuses the login') })
  expect(JSON.stringify(outcome)).not.toContain('5ecret')
})

test('a port on which nobody listens fails with the address', async () => {
  const url = `nats://127.0.0.1:${await freePort()}`
  expect(await runCheck('nats', { servers: [url] })).toMatchObject({ ok: false, error: `connection refused: nothing listens on ${url}` })
})

test('a server without JetStream is told so', async () => {
  const hidden = await startNats({ config: 'accounts { APP: { users: [{ user: a, password: b }] } }' })
  const outcome = await runCheck('nats', { servers: [hidden.url], user: 'a', password: 'b', stream: 'ORDERS' })
  await hidden.stop()
  expect(outcome.ok).toBe(false)
  expect(outcome.error).toMatch(/JetStream/)
})

test('TLS that is configured is never left out, and a certificate is verified', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-nats-check-'))
  const { cert, key } = selfSigned()
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  const secure = await startNats({ config: `tls { cert_file: "${folder}/cert.pem", key_file: "${folder}/key.pem" }` })
  expect(await runCheck('nats', { servers: [secure.url], tls: { ca_file: join(folder, 'cert.pem') } })).toMatchObject({ ok: true })
  expect(await runCheck('nats', { servers: [secure.url], tls: { insecure: true } })).toMatchObject({ ok: true })
  expect(await runCheck('nats', { servers: [secure.url] })).toMatchObject({ ok: false, error: expect.stringContaining('is self-signed') })
  expect(await runCheck('nats', { servers: [server.url], ...login, tls: {} })).toMatchObject({
    ok: false,
    error: expect.stringContaining('does not support'),
  })
  const named = { ca_file: join(folder, 'cert.pem'), server_name: 'nats.example.com' }
  expect(await runCheck('nats', { servers: [secure.url], tls: named })).toMatchObject({
    ok: false,
    error: expect.stringContaining('is for another name'),
  })
  await secure.stop()
  rmSync(folder, { recursive: true })
})

test('a server that hangs keeps no connection, and another of its cluster will do', async () => {
  await server.kill('SIGSTOP')
  const handles = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
  const before = handles()
  for (let n = 0; n < 5; n++)
    expect(await runCheck('nats', { servers: [server.url], timeout: '50ms', every: '1s' })).toMatchObject({ ok: false })
  await vi.waitFor(() => expect(handles()).toBe(before), { timeout: 10_000 })
  const other = await startNats()
  const outcome = await runCheck('nats', { servers: [server.url, other.url] })
  await server.kill('SIGCONT')
  await other.stop()
  expect(outcome).toMatchObject({ ok: true, detail: { server: `127.0.0.1:${other.port}` } })
})

test('what does not speak NATS is told so', async () => {
  const ssh = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'))
  ssh.listen(0, '127.0.0.1')
  await once(ssh, 'listening')
  onTestFinished(() => void ssh.close())
  const { port } = ssh.address() as AddressInfo
  expect(await runCheck('nats', { servers: [`127.0.0.1:${port}`] })).toMatchObject({
    ok: false,
    error: expect.stringContaining('does not speak the protocol of NATS'),
  })
})

test('a server that hangs is given up in time', async () => {
  await server.kill('SIGSTOP')
  const startMs = performance.now()
  const outcome = await runCheck('nats', { servers: [server.url], ...login, timeout: '500ms' })
  expect(performance.now() - startMs).toBeLessThan(4000)
  await server.kill('SIGCONT')
  expect(outcome).toMatchObject({ ok: false, error: expect.stringMatching(/^connected to .* within 500ms$/) })
})

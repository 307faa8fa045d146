import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mariadbObstacle, startMariadb } from '@nightshift/test-servers/mariadb'
import { freePort } from '@nightshift/test-servers/nats'
import { runCheck } from './run-check.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'

test('a port on which nobody listens fails with the address', async () => {
  const port = await freePort()
  expect(await runCheck('mysql', { port })).toMatchObject({ ok: false, error: `connection refused: nothing listens on 127.0.0.1:${port}` })
})

const obstacle = mariadbObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)(`MariaDB${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  let server: Awaited<ReturnType<typeof startMariadb>>
  let login: { port: number; user: string; password: string }

  beforeAll(async () => {
    server = await startMariadb()
    login = { port: server.port, user: server.user, password: server.password }
  }, 60_000)
  afterAll(async () => await server?.stop())

  test('a login passes, by keys, by URL and by socket', async () => {
    const detail = { target: `127.0.0.1:${server.port}`, version: expect.stringContaining('MariaDB') }
    expect(await runCheck('mysql', { ...login, database: 'shop' })).toEqual({ ok: true, error: null, detail })
    const url = `mariadb://${login.user}:${login.password}@127.0.0.1:${server.port}/shop`
    expect(await runCheck('mysql', { url, writable: true })).toMatchObject({ ok: true })
    expect(await runCheck('mysql', { socket: server.socket, user: 'root' })).toMatchObject({ ok: true, detail: { target: server.socket } })
  })

  test('a query must give what is expected, and writes nothing', async () => {
    expect(await runCheck('mysql', { ...login, query: 'SELECT 1 + 1', expect: 2 })).toMatchObject({ ok: true })
    expect(await runCheck('mysql', { ...login, query: "SELECT 'ready'", expect: 'ready' })).toMatchObject({ ok: true })
    expect(await runCheck('mysql', { ...login, query: 'SELECT 5', expect: 3 })).toMatchObject({
      ok: false,
      error: 'the query gave 5, expected 3',
    })
    expect(await runCheck('mysql', { ...login, query: 'SELECT 1 FROM dual WHERE false', expect: 1 })).toMatchObject({
      ok: false,
      error: 'the query gave no row, expected 1',
    })
    const table = { ...login, database: 'shop', query: 'CREATE TABLE oops (id INT)' }
    expect(await runCheck('mysql', table)).toMatchObject({ ok: false, error: expect.stringContaining('READ ONLY') })
    expect(await runCheck('mysql', { ...login, query: 'SELECT SLEEP(5)', timeout: '300ms' })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/took too long|no complete answer within 300ms/),
    })
    expect(await runCheck('mysql', { ...login, query: 'SELECT * FROM seq_1_to_100000', database: 'shop' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('more than 1000 rows'),
    })
  })

  test.each([
    ['a wrong password', { password: 'wr0ng-5ecret' }, 'refuses user tester with this password'],
    ['no password', { password: undefined }, 'refuses user tester without a password'],
    ['a database that is not there', { database: 'warehouse' }, 'there is no database warehouse on'],
  ])('%s is told so, without any secret', async (_, keys, text) => {
    const outcome = await runCheck('mysql', { ...login, ...keys })
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining(text) })
    expect(JSON.stringify(outcome)).not.toMatch(/5ecret/)
  })

  test('TLS that the server does not offer is no way in, and an address cannot be verified', async () => {
    expect(await runCheck('mysql', { ...login, tls: { insecure: true } })).toMatchObject({
      ok: false,
      error: expect.stringContaining('does not offer TLS'),
    })
    expect(await runCheck('mysql', { ...login, tls: {} })).toMatchObject({ ok: false, error: expect.stringContaining('tls.server_name') })
  })

  test('a server that takes no writes fails where writing is asked for', async () => {
    await runCheck('mysql', { ...login, query: 'SET GLOBAL read_only = 1' })
    expect(await runCheck('mysql', { ...login, writable: true })).toMatchObject({
      ok: false,
      error: expect.stringContaining('read_only is on'),
    })
    await runCheck('mysql', { ...login, query: 'SET GLOBAL read_only = 0' })
    expect(await runCheck('mysql', { ...login, writable: true })).toMatchObject({ ok: true })
  })

  test('a server that hangs is given up in time', async () => {
    await server.kill('SIGSTOP')
    const startMs = performance.now()
    const outcome = await runCheck('mysql', { ...login, timeout: '500ms' })
    expect(performance.now() - startMs).toBeLessThan(4000)
    await server.kill('SIGCONT')
    expect(outcome).toMatchObject({ ok: false, error: `connected to 127.0.0.1:${server.port}, but no complete answer within 500ms` })
  })
})

describe.skipIf(obstacle !== undefined)('MariaDB with TLS', () => {
  test('a certificate that nobody vouches for is told so; a name it does not have too', async () => {
    const { cert, key } = selfSigned()
    const server = await startMariadb({
      files: { 'cert.pem': cert, 'key.pem': key },
      settings: ['--ssl-cert=../cert.pem', '--ssl-key=../key.pem'],
    })
    const login = { port: server.port, user: server.user, password: server.password }
    const ca = `${server.folder}/ca.pem`
    writeFileSync(ca, cert)
    const named = { server_name: 'db.example.com' }
    expect(await runCheck('mysql', { ...login, tls: { insecure: true } })).toMatchObject({ ok: true })
    expect(await runCheck('mysql', { ...login, tls: named })).toMatchObject({ ok: false, error: expect.stringContaining('no TLS with') })
    expect(await runCheck('mysql', { ...login, tls: { ...named, ca_file: ca } })).toMatchObject({
      ok: false,
      error: expect.stringContaining('no TLS with'),
    })
    await server.stop()
  }, 60_000)
})

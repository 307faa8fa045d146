import { createServer } from 'node:net'
import { writeFileSync } from 'node:fs'
import { once } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '@nightshift/test-servers/nats'
import { postgresObstacle, startPostgres } from '@nightshift/test-servers/postgres'
import { runCheck } from './run-check.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'

const patience = { timeout: 20_000, interval: 50 }

test('a port on which nobody listens fails with the address', async () => {
  const port = await freePort()
  expect(await runCheck('postgres', { port })).toEqual({
    ok: false,
    error: `connection refused: nothing listens on 127.0.0.1:${port}`,
    detail: { target: `127.0.0.1:${port}` },
  })
})

test('something else that listens there is told so, in time', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(await runCheck('postgres', { port, timeout: '1s' })).toMatchObject({
    ok: false,
    error: expect.stringContaining(`127.0.0.1:${port}`),
  })
})

const obstacle = postgresObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)(`PostgreSQL${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  let server: Awaited<ReturnType<typeof startPostgres>>
  let login: { port: number; user: string; password: string }

  beforeAll(async () => {
    server = await startPostgres({ settings: ['max_connections=8', 'superuser_reserved_connections=1', 'log_statement=all'] })
    login = { port: server.port, user: server.user, password: server.password }
    await query("CREATE ROLE app LOGIN PASSWORD 'l0gin'; CREATE TABLE secrets (id int); CREATE ROLE barred PASSWORD 'x'")
  }, 60_000)
  afterAll(async () => await server?.stop())

  async function query(sql: string): Promise<void> {
    const client = new pg.Client({ host: '127.0.0.1', ...login, database: 'postgres' })
    await client.connect()
    await client.query(sql)
    await client.end()
  }

  test('a login passes, by keys, by URL and by socket', async () => {
    const detail = { target: `127.0.0.1:${server.port}`, version: expect.stringMatching(/^\d+\.\d+$/) }
    expect(await runCheck('postgres', login)).toEqual({ ok: true, error: null, detail })
    const url = `postgres://${login.user}:${login.password}@localhost:${server.port}/postgres`
    expect(await runCheck('postgres', { url })).toMatchObject({ ok: true, detail: { target: `localhost:${server.port}` } })
    const socket = `${server.folder}/.s.PGSQL.${server.port}`
    expect(await runCheck('postgres', { user: login.user, password: login.password, socket })).toMatchObject({
      ok: true,
      detail: { target: socket },
    })
  })

  test('nothing is set for the session, which a pooler would hand to others', async () => {
    expect(await runCheck('postgres', { ...login, query: "SELECT 'marked'" })).toMatchObject({ ok: true })
    await vi.waitFor(() => expect(server.log()).toContain("SELECT 'marked'"), patience)
    expect(server.log()).toContain('BEGIN READ ONLY; SET LOCAL statement_timeout')
    expect(server.log()).not.toMatch(/\bSET (?!LOCAL|default_transaction_read_only = on$)/m)
  })

  test('a query must give what is expected', async () => {
    expect(await runCheck('postgres', { ...login, query: 'SELECT count(*) FROM pg_database', expect: 3 })).toMatchObject({ ok: true })
    expect(await runCheck('postgres', { ...login, query: "SELECT 'a' || 'b'", expect: 'ab' })).toMatchObject({ ok: true })
    expect(await runCheck('postgres', { ...login, query: 'SELECT true', expect: true })).toMatchObject({ ok: true })
    expect(await runCheck('postgres', { ...login, query: 'SELECT 5', expect: 3 })).toMatchObject({
      ok: false,
      error: 'the query gave 5, expected 3',
    })
    expect(await runCheck('postgres', { ...login, query: 'SELECT 5 WHERE false', expect: 3 })).toMatchObject({
      ok: false,
      error: 'the query gave no row, expected 3',
    })
  })

  test('a query that is wrong, forbidden, too slow or too large is told so', async () => {
    expect(await runCheck('postgres', { ...login, query: 'SELECT nothing' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('42703'),
    })
    const app = { ...login, user: 'app', password: 'l0gin', database: 'postgres' }
    expect(await runCheck('postgres', { ...app, query: 'SELECT * FROM secrets' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('user app may not'),
    })
    expect(await runCheck('postgres', { ...login, query: 'SELECT pg_sleep(5)', timeout: '300ms' })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/took too long|no complete answer within 300ms/),
    })
    expect(await runCheck('postgres', { ...login, query: 'SELECT generate_series(1, 100000)' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('more than 1000 rows'),
    })
    expect(await runCheck('postgres', { ...login, query: 'CREATE TABLE oops ()' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('read-only'),
    })
  })

  test.each([
    ['a wrong password', { password: 'wr0ng-5ecret' }, 'refuses the password of user postgres'],
    ['no password', { password: undefined }, 'asks for a password'],
    ['a database that is not there', { database: 'shop' }, 'there is no database shop on'],
    ['a role that may not log in', { user: 'barred', password: 'x' }, 'does not let user barred in'],
  ])('%s is told so, without any secret', async (_, keys, text) => {
    const outcome = await runCheck('postgres', { ...login, ...keys })
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining(text) })
    expect(JSON.stringify(outcome)).not.toMatch(/5ecret/)
  })

  test('TLS that the server does not offer is no way in, and a certificate that nobody vouches for is told so', async () => {
    const error = `127.0.0.1:${server.port} does not offer TLS: remove \`tls\`, or set up a certificate on the server`
    expect(await runCheck('postgres', { ...login, tls: {} })).toMatchObject({ ok: false, error })
    const { cert, key } = selfSigned()
    const ca = `${server.folder}/ca.pem`
    writeFileSync(ca, cert)
    await query(`COPY (SELECT unnest(string_to_array('${cert.trim()}', E'\\n'))) TO '${server.dataDir}/server.crt'`)
    await query(
      `COPY (SELECT unnest(string_to_array('${key.trim()}', E'\\n'))) TO PROGRAM 'cat > ${server.dataDir}/server.key && chmod 600 ${server.dataDir}/server.key'`,
    )
    await query('ALTER SYSTEM SET ssl = on')
    await query('SELECT pg_reload_conf()')
    await vi.waitFor(
      async () => expect(await runCheck('postgres', { ...login, tls: { insecure: true } })).toMatchObject({ ok: true }),
      patience,
    )
    expect(await runCheck('postgres', { ...login, tls: {} })).toMatchObject({ ok: false, error: expect.stringContaining('is self-signed') })
    expect(await runCheck('postgres', { ...login, tls: { ca_file: ca } })).toMatchObject({ ok: true })
    const other = { ...login, tls: { ca_file: ca, server_name: 'db.example.com' } }
    expect(await runCheck('postgres', other)).toMatchObject({ ok: false, error: expect.stringContaining('is for another name') })
  })

  test('a server that takes no writes fails where writing is asked for', async () => {
    expect(await runCheck('postgres', { ...login, writable: true })).toMatchObject({ ok: true })
    await query('ALTER ROLE app SET default_transaction_read_only = on')
    const app = { ...login, user: 'app', password: 'l0gin', database: 'postgres' }
    expect(await runCheck('postgres', { ...app, writable: true })).toMatchObject({
      ok: false,
      error: expect.stringContaining('takes no writes'),
    })
    expect(await runCheck('postgres', app)).toMatchObject({ ok: true })
  })

  test('a server without a connection left is told so, and the check leaves none behind', async () => {
    const app = { ...login, user: 'app', password: 'l0gin', database: 'postgres' }
    for (let n = 0; n < 20; n++) expect(await runCheck('postgres', app)).toMatchObject({ ok: true })
    const clients: pg.Client[] = []
    const outcome = await vi.waitFor(async () => {
      const client = new pg.Client({ host: '127.0.0.1', ...app })
      client.on('error', () => undefined)
      await client.connect().then(
        () => clients.push(client),
        () => undefined,
      )
      const found = await runCheck('postgres', app)
      expect(found.ok).toBe(false)
      return found
    }, patience)
    expect(outcome.error).toContain('has no connection left')
    await Promise.all(clients.map(async (client) => await client.end()))
  })

  test('a server that hangs is given up in time', async () => {
    await server.kill('SIGSTOP')
    const startMs = performance.now()
    const outcome = await runCheck('postgres', { ...login, timeout: '500ms' })
    expect(performance.now() - startMs).toBeLessThan(4000)
    await server.kill('SIGCONT')
    expect(outcome).toMatchObject({ ok: false, error: `connected to 127.0.0.1:${server.port}, but no complete answer within 500ms` })
  })
})

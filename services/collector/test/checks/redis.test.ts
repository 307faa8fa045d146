import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '@nightshift/test-servers/nats'
import { redisObstacle, startRedis } from '@nightshift/test-servers/redis'
import { runCheck } from './run-check.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'

test('a port on which nobody listens fails with the address', async () => {
  const port = await freePort()
  expect(await runCheck('redis', { port })).toMatchObject({ ok: false, error: `connection refused: nothing listens on 127.0.0.1:${port}` })
})

const obstacle = redisObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)(`Redis${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let login: { port: number; password: string }
  let tlsPort = 0
  const certificate = selfSigned()

  beforeAll(async () => {
    tlsPort = await freePort()
    const files = { 'cert.pem': certificate.cert, 'key.pem': certificate.key }
    const tls = [
      `tls-port ${tlsPort}`,
      'tls-cert-file cert.pem',
      'tls-key-file key.pem',
      'tls-ca-cert-file cert.pem',
      'tls-auth-clients no',
    ]
    server = await startRedis({ files, config: [...tls, 'user narrow on >n4rrow +ping'] })
    login = { port: server.port, password: server.password }
  }, 30_000)
  afterAll(async () => await server?.stop())

  test('a login passes, by keys and by URL', async () => {
    const detail = { target: `127.0.0.1:${server.port}`, version: expect.stringMatching(/^\d+\.\d+/) }
    expect(await runCheck('redis', { ...login, database: 3 })).toEqual({ ok: true, error: null, detail })
    expect(await runCheck('redis', { url: `redis://default:${server.password}@localhost:${server.port}/1` })).toMatchObject({ ok: true })
  })

  test('a command must answer what is expected', async () => {
    expect(await runCheck('redis', { ...login, query: ['SET', 'greeting', 'good night'], expect: 'OK' })).toMatchObject({ ok: true })
    expect(await runCheck('redis', { ...login, query: ['GET', 'greeting'], expect: 'good night' })).toMatchObject({ ok: true })
    expect(await runCheck('redis', { ...login, query: ['DBSIZE'], expect: 1 })).toMatchObject({ ok: true })
    const wrong = { ...login, query: ['GET', 'missing'], expect: 'x' }
    expect(await runCheck('redis', wrong)).toMatchObject({ ok: false, error: 'the query gave null, expected "x"' })
    expect(await runCheck('redis', { ...login, query: ['NONSENSE'] })).toMatchObject({
      ok: false,
      error: expect.stringContaining('unknown command'),
    })
  })

  test.each([
    ['a wrong password', { password: 'wr0ng-5ecret' }, 'refuses the password of user default'],
    ['no password', { password: undefined }, 'asks for a password'],
    ['a database out of range', { database: 99 }, 'out of range'],
    ['a user who may not look', { user: 'narrow', password: 'n4rrow', query: ['GET', 'greeting'] }, 'user narrow may not do this'],
  ])('%s is told so, without any secret', async (_, keys, text) => {
    const outcome = await runCheck('redis', { ...login, ...keys })
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining(text) })
    expect(JSON.stringify(outcome)).not.toMatch(/5ecret/)
  })

  test('a user who may do nothing but ping passes', async () => {
    expect(await runCheck('redis', { ...login, user: 'narrow', password: 'n4rrow' })).toMatchObject({ ok: true })
  })

  test('TLS is verified, and missing where the port does not speak it', async () => {
    const ca = `${server.folder}/ca.pem`
    writeFileSync(ca, certificate.cert)
    const url = `rediss://default:${server.password}@127.0.0.1:${tlsPort}`
    expect(await runCheck('redis', { url })).toMatchObject({ ok: false, error: expect.stringContaining('is self-signed') })
    expect(await runCheck('redis', { url, tls: { ca_file: ca } })).toMatchObject({ ok: true })
    expect(await runCheck('redis', { url, tls: { insecure: true } })).toMatchObject({ ok: true })
    expect(await runCheck('redis', { ...login, tls: {}, timeout: '1s' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('TLS'),
    })
  })

  test('a replica fails where writing is asked for', async () => {
    expect(await runCheck('redis', { ...login, writable: true })).toMatchObject({ ok: true })
    const replica = await startRedis({ config: [`replicaof 127.0.0.1 ${server.port}`, `masterauth ${server.password}`] })
    const far = { port: replica.port, password: replica.password }
    await vi.waitFor(async () => expect(await runCheck('redis', far)).toMatchObject({ ok: true }), { timeout: 10_000, interval: 200 })
    expect(await runCheck('redis', { ...far, writable: true })).toMatchObject({
      ok: false,
      error: expect.stringContaining('it is a replica'),
    })
    await replica.stop()
  })

  test('a server that hangs is given up in time', async () => {
    await server.kill('SIGSTOP')
    const startMs = performance.now()
    const outcome = await runCheck('redis', { ...login, timeout: '500ms' })
    expect(performance.now() - startMs).toBeLessThan(4000)
    await server.kill('SIGCONT')
    expect(outcome).toMatchObject({ ok: false, error: `connected to 127.0.0.1:${server.port}, but no complete answer within 500ms` })
  })
})

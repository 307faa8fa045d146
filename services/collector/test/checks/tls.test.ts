import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '@nightshift/test-servers/nats'
import { makeAuthority, makeCertificate, openSslObstacle, type Certificate } from './certificates.ts'
import { runCheck } from './run-check.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-tls-'))
const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('a self-signed certificate is told so, with what is in it, unless the config accepts it', async () => {
  const port = await listen(createServer(selfSigned(new Date(Date.now() + 60 * 86_400_000))))
  const outcome = await runCheck('tls', { port })
  expect(outcome).toMatchObject({
    ok: false,
    error: `the certificate of 127.0.0.1:${port} is self-signed; \`insecure: true\` accepts it`,
    detail: { protocol: 'TLSv1.3', subject: 'nightshift test', severity: 'ok' },
  })
  expect(await runCheck('tls', { port, insecure: true })).toMatchObject({ ok: true })
})

test('the end of a certificate is critical within 7 days and a warning within 30', async () => {
  const inDays = async (days: number) =>
    await runCheck('tls', {
      port: await listen(createServer(selfSigned(new Date(Date.now() + (days + 0.5) * 86_400_000)))),
      insecure: true,
    })
  expect(await inDays(29)).toMatchObject({ ok: true, detail: { severity: 'warning' } })
  const soon = await inDays(6)
  expect(soon).toMatchObject({ ok: false, detail: { severity: 'critical' } })
  expect(soon.error).toMatch(/^the certificate of 127\.0\.0\.1:\d+ expires in 6 days \(\d{4}-\d\d-\d\d\), sooner than 7 days: renew it$/)
  expect(soon.detail['cert_expires_seconds']).toBeGreaterThan(6 * 86_400)
  expect((await inDays(-3)).error).toMatch(/expired 2 days ago \(.*\): renew it and reload the server$/)
})

test('a port that does not speak TLS, or says nothing, is told apart', async () => {
  const mute = await listen(createTcpServer())
  expect((await runCheck('tls', { port: mute, timeout: '300ms' })).error).toBe(
    `connected to 127.0.0.1:${mute}, but no complete answer within 300ms`,
  )
  const web = await listen(createTcpServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  expect((await runCheck('tls', { port: web })).error).toContain('does not speak TLS')
  const port = await freePort()
  expect((await runCheck('tls', { port })).error).toBe(`connection refused: nothing listens on 127.0.0.1:${port}`)
})

describe('STARTTLS', () => {
  const talks = {
    smtp: { greeting: '220-mail\r\n220 ready\r\n', answers: ['250-mail\r\n250-STARTTLS\r\n250 HELP\r\n', '220 go ahead\r\n'] },
    imap: { greeting: '* OK ready\r\n', answers: ['a OK begin\r\n'] },
    pop3: { greeting: '+OK ready\r\n', answers: ['+OK begin\r\n'] },
    postgres: { greeting: '', answers: ['S'] },
  }

  test.each(Object.entries(talks))('of %s leads to the certificate', async (starttls, { greeting, answers }) => {
    const own = selfSigned(new Date(Date.now() + 90 * 86_400_000))
    const port = await listen(
      createTcpServer((socket) => {
        const left = [...answers]
        socket.on('error', () => undefined)
        if (greeting !== '') socket.write(greeting)
        socket.on('data', function answer() {
          socket.write(left.shift() ?? '')
          if (left.length > 0) return
          socket.off('data', answer)
          new TLSSocket(socket, { isServer: true, ...own }).on('error', () => undefined)
        })
      }),
    )
    expect(await runCheck('tls', { port, starttls, insecure: true })).toMatchObject({ ok: true, detail: { subject: 'nightshift test' } })
  })

  test('that the server does not know is told with what the server says', async () => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined).write('220 mail\r\n')
        socket.on('data', () => socket.write('250 nothing special\r\n'))
      }),
    )
    expect(await runCheck('tls', { port, starttls: 'smtp' })).toMatchObject({
      ok: false,
      error: 'the server does not change to TLS by smtp; it says "250 nothing special"',
    })
  })
})

const nginx = process.env['NGINX'] ?? 'nginx'
const obstacle =
  openSslObstacle !== '' ? openSslObstacle : spawnSync(nginx, ['-v']).error === undefined ? '' : 'no nginx (name one in NGINX)'

describe.skipIf(obstacle !== '')(`a real nginx${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`, () => {
  let child: ChildProcess
  let authority: Certificate
  let client: Certificate
  const ports = { good: 0, soon: 0, expired: 0, mutual: 0 }

  beforeAll(async () => {
    authority = makeAuthority(folder)
    client = makeCertificate(folder, authority, 'client', 300)
    const days = { good: 300, soon: 5, expired: -3, mutual: 300 }
    const blocks = []
    for (const key of ['good', 'soon', 'expired', 'mutual'] as const) {
      ports[key] = await freePort()
      const { cert, key: privateKey } = makeCertificate(folder, authority, `${key}.test`, days[key])
      const verify = key === 'mutual' ? `ssl_client_certificate ${authority.cert}; ssl_verify_client on;` : ''
      blocks.push(
        `server { listen 127.0.0.1:${ports[key]} ssl; ssl_certificate ${cert}; ssl_certificate_key ${privateKey}; ${verify}` +
          ` location / { default_type application/json; return 200 '{"status":"up","checks":[{"ms":12}]}'; } }`,
      )
    }
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${folder}/${each};`).join(' ')
    const http = `http { access_log off; ${temporary} ${blocks.join('\n')} }`
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {} ${http}\n`)
    child = spawn(nginx, ['-c', file, '-p', folder, '-e', join(folder, 'error.log')], { stdio: 'ignore' })
    await vi.waitFor(
      async () => {
        const socket = connect(ports.mutual, '127.0.0.1')
        await once(socket, 'connect')
        socket.destroy()
      },
      { timeout: 10_000, interval: 50 },
    )
  })
  afterAll(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  test('shows a chain that is good, and one whose authority is unknown', async () => {
    const keys = { port: ports.good, server_name: 'good.test' }
    expect(await runCheck('tls', { ...keys, ca_file: authority.cert })).toMatchObject({
      ok: true,
      detail: { subject: 'good.test', issuer: 'Nightshift Test CA', severity: 'ok' },
    })
    expect((await runCheck('tls', keys)).error).toMatch(/does not send the whole chain|authority this machine does not trust/)
    expect((await runCheck('tls', { ...keys, ca_file: authority.cert, server_name: 'other.test' })).error).toBe(
      `the certificate of 127.0.0.1:${ports.good} is for another name`,
    )
  })

  test('has a certificate that nearly ends, and one that ended', async () => {
    const trusted = { ca_file: authority.cert }
    expect((await runCheck('tls', { ...trusted, port: ports.soon })).error).toContain('expires in 5 days')
    expect((await runCheck('tls', { ...trusted, port: ports.expired })).error).toMatch(/expired 2 days ago \(.*\): renew it/)
    expect((await runCheck('http', { ...trusted, url: `https://127.0.0.1:${ports.expired}/` })).error).toBe(
      `the certificate of 127.0.0.1:${ports.expired} has expired`,
    )
    const url = `https://127.0.0.1:${ports.soon}/`
    expect((await runCheck('http', { ...trusted, url, min_remaining: '7d' })).error).toContain('expires in 5 days')
    expect(await runCheck('http', { ...trusted, url, min_remaining: '4d' })).toMatchObject({
      ok: true,
      detail: { cert_expires_seconds: expect.any(Number) },
    })
  })

  test('wants our certificate, and gets it', async () => {
    const url = `https://mutual.test:${ports.mutual}/health`
    const keys = { url, resolve: '127.0.0.1', ca_file: authority.cert }
    expect(await runCheck('http', keys)).toMatchObject({ ok: false, error: 'status 400, expected 200-399' })
    const shown = { ...keys, client_certificate: { cert_file: client.cert, key_file: client.key } }
    expect(await runCheck('http', { ...shown, json: { path: 'checks[0].ms', max: 100 } })).toMatchObject({ ok: true })
    const missing = { ...keys, client_certificate: { cert_file: client.cert, key_file: join(folder, 'no.key') } }
    expect((await runCheck('http', missing)).error).toContain(`cannot read ${join(folder, 'no.key')}`)
  })

  test('has its files looked at, every certificate in them', async () => {
    const whole = join(folder, 'bundle.crt')
    writeFileSync(whole, ['good.test-300', 'soon.test-5'].map((each) => readFileSync(join(folder, `${each}.pem`), 'latin1')).join('\n'))
    const outcome = await runCheck('pem', { path: join(folder, 'bund*.crt') })
    expect(outcome).toMatchObject({ ok: false, detail: { files: 1, certificates: 2, subject: 'CN=soon.test', severity: 'critical' } })
    expect(outcome.error).toMatch(/^the certificate CN=soon\.test in .*bundle\.crt expires in 5 days/)
    expect(await runCheck('pem', { path: whole, min_remaining: '4d' })).toMatchObject({ ok: true, detail: { severity: 'warning' } })
    expect((await runCheck('pem', { path: join(folder, '*.none') })).error).toContain('no file is named')
    expect((await runCheck('pem', { path: client.key })).error).toContain('holds no certificate in PEM format')
  })
})

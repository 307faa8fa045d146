import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { freePort } from '@nightshift/test-servers/nats'
import { runCheck } from './run-check.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'

const servers: (Server | TcpServer)[] = []
const sockets = new Set<Socket>()
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
})

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(listener))}`
}

describe('an answer', () => {
  test('with a good status passes, and the detail says what was seen', async () => {
    const url = await serve((_, response) => response.end('all well'))
    expect(await runCheck('http', { url: `${url}/health` })).toEqual({
      ok: true,
      error: null,
      detail: { url: `${url}/health`, status: 200, body_bytes: 8, redirects: 0 },
    })
  })

  test('with a bad status fails, saying which was expected', async () => {
    const url = await serve((_, response) => response.writeHead(503).end())
    expect(await runCheck('http', { url })).toMatchObject({ ok: false, error: 'status 503, expected 200-399', detail: { status: 503 } })
    expect(await runCheck('http', { url, expect_status: [200, '500-599'] })).toMatchObject({ ok: true })
    expect(await runCheck('http', { url, expect_status: 204 })).toMatchObject({ ok: false, error: 'status 503, expected 204' })
  })

  test('must contain the text', async () => {
    const url = await serve((_, response) => response.end('{"status":"größer"}'))
    expect(await runCheck('http', { url, contains: 'größer' })).toMatchObject({ ok: true })
    expect(await runCheck('http', { url, contains: 'ready' })).toMatchObject({ ok: false, error: 'the answer does not contain "ready"' })
  })

  test('is read up to 1 MiB and no further', async () => {
    const url = await serve((_, response) => {
      response.on('error', () => undefined)
      for (let part = 0; part < 24; part++) response.write('x'.repeat(65_536))
      response.end('end')
    })
    expect(await runCheck('http', { url })).toMatchObject({ ok: true, detail: { body_bytes: 1_048_576 } })
    expect(await runCheck('http', { url, contains: 'end' })).toMatchObject({
      ok: false,
      error: 'the first 1048576 bytes of the answer do not contain "end"',
    })
  })

  test('that is too slow fails although it is right', async () => {
    const url = await serve((_, response) => void setTimeout(() => response.end(), 60))
    const outcome = await runCheck('http', { url, max_latency: '20ms' })
    expect(outcome).toMatchObject({ ok: false, detail: { status: 200 } })
    expect(outcome.error).toMatch(/^answered in \d+ms, slower than the 20ms that are allowed$/)
  })

  test('never shows user, password or query of the URL', async () => {
    const port = new URL(await serve((_, response) => response.writeHead(500).end())).port
    const outcome = await runCheck('http', { url: `http://alice:s3cret@127.0.0.1:${port}/a?token=s3cret` })
    expect(outcome.detail['url']).toBe(`http://127.0.0.1:${port}/a?…`)
    expect(JSON.stringify(outcome)).not.toContain('s3cret')
  })
})

test('method, headers and a JSON body arrive as configured', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const url = await serve((request, response) => {
    const { method, headers } = request
    resolve(
      text(request).then((body) => ({ method, type: headers['content-type'], key: headers['x-key'], agent: headers['user-agent'], body })),
    )
    request.on('end', () => response.end())
  })
  await runCheck('http', { url, method: 'POST', headers: { 'X-Key': 'k' }, body: { ping: 1 } })
  expect(await promise).toEqual({ method: 'POST', type: 'application/json', key: 'k', agent: 'nightshift', body: '{"ping":1}' })
})

describe('a redirect', () => {
  test('is followed, and without private headers when it leads elsewhere', async () => {
    const target = await serve((request, response) => response.end(`${request.headers.authorization} ${String(request.headers.accept)}`))
    const url = await serve((_, response) => response.writeHead(302, { location: `${target}/there` }).end())
    const keys = { url, headers: { Authorization: 'Bearer t', accept: 'text/x-plain' } }
    expect(await runCheck('http', { ...keys, contains: 'undefined text/x-plain' })).toMatchObject({
      ok: true,
      detail: { url: `${target}/there`, redirects: 1 },
    })
    expect(await runCheck('http', { ...keys, follow_redirects: false, expect_status: 302 })).toMatchObject({
      ok: true,
      detail: { status: 302, redirects: 0 },
    })
  })

  test('that never ends is given up after five', async () => {
    let requests = 0
    const url = await serve((_, response) => {
      requests++
      response.writeHead(307, { location: '/again' }).end()
    })
    const outcome = await runCheck('http', { url })
    expect(outcome).toMatchObject({ ok: false })
    expect(outcome.error).toContain('more than 5 redirects')
    expect(requests).toBe(6)
  })

  test('to what is no http address fails', async () => {
    const url = await serve((_, response) => response.writeHead(301, { location: 'ftp://x/' }).end())
    expect(await runCheck('http', { url })).toMatchObject({ ok: false, error: 'it redirects to "ftp://x/", which is no http address' })
  })
})

describe('a server', () => {
  test('that is not there is told by its address', async () => {
    const port = await freePort()
    expect(await runCheck('http', { url: `http://127.0.0.1:${port}/` })).toMatchObject({
      ok: false,
      error: `connection refused: nothing listens on 127.0.0.1:${port}`,
    })
    expect(await runCheck('http', { url: `http://localhost:${port}/` })).toMatchObject({
      ok: false,
      error: `connection refused: nothing listens on localhost:${port}`,
    })
  })

  test('that takes the connection and says nothing is given up in time', async () => {
    const port = await listen(createTcpServer())
    const startMs = performance.now()
    const outcome = await runCheck('http', { url: `http://127.0.0.1:${port}/`, timeout: '500ms' })
    expect(performance.now() - startMs).toBeLessThan(10_000)
    expect(outcome).toMatchObject({ ok: false, error: `connected to 127.0.0.1:${port}, but no complete answer within 500ms` })
  })

  test('that sends its answer drop by drop is given up in time', async () => {
    const url = await serve((_, response) => {
      const timer = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(timer))
    })
    expect(await runCheck('http', { url, timeout: '500ms' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('no complete answer within 500ms'),
    })
  })

  test('that changes to another protocol, or breaks off its answer, is told so', async () => {
    const change = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'
    const changing = await listen(createTcpServer((socket) => socket.on('error', () => undefined).write(change)))
    expect((await runCheck('http', { url: `http://127.0.0.1:${changing}/` })).error).toBe('status 101, expected 200-399')
    const breaking = await listen(
      createTcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'))),
    )
    expect((await runCheck('http', { url: `http://127.0.0.1:${breaking}/` })).error).toBe(
      `127.0.0.1:${breaking} closed the connection before it answered`,
    )
  })

  test('that hangs up, or does not speak HTTP, is told so', async () => {
    const rude = await listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())))
    expect(await runCheck('http', { url: `http://127.0.0.1:${rude}/` })).toMatchObject({
      ok: false,
      error: `127.0.0.1:${rude} closed the connection before it answered`,
    })
    const ssh = await listen(createTcpServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n')))
    expect(await runCheck('http', { url: `http://127.0.0.1:${ssh}/` })).toMatchObject({
      ok: false,
      error: `127.0.0.1:${ssh} does not answer in HTTP`,
    })
  })
})

describe('a certificate', () => {
  test('that nobody vouches for fails unless the config accepts it', async () => {
    const port = await listen(createHttpsServer(selfSigned(), (_, response) => response.end('secure')))
    const url = `https://127.0.0.1:${port}/`
    expect(await runCheck('http', { url })).toMatchObject({
      ok: false,
      error: `the certificate of 127.0.0.1:${port} is self-signed; \`insecure: true\` accepts it`,
    })
    expect(await runCheck('http', { url, insecure: true, contains: 'secure' })).toMatchObject({ ok: true })
  })

  test('is missing where the port does not speak TLS', async () => {
    const port = new URL(await serve((_, response) => response.end())).port
    const outcome = await runCheck('http', { url: `https://127.0.0.1:${port}/` })
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining('does not speak TLS') })
  })
})

import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { freePort } from '@nightshift/test-servers/nats'
import { runCheck } from './run-check.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function serve(
  onConnection: (socket: WebSocket, authorization: string | undefined) => void,
  server: Server = createHttpServer(),
): Promise<number> {
  const sockets = new WebSocketServer({ server: server as ReturnType<typeof createHttpServer> })
  sockets.on('connection', (socket, { headers }) => {
    socket.on('error', () => undefined)
    onConnection(socket, headers.authorization)
  })
  return await listen(server)
}

test('a server that opens is enough when no frame is wanted, and is told goodbye', async () => {
  const { promise, resolve } = Promise.withResolvers<number>()
  const port = await serve((socket) => socket.on('close', resolve))
  expect(await runCheck('websocket', { url: `ws://127.0.0.1:${port}/live?token=s3cret` })).toEqual({
    ok: true,
    error: null,
    detail: { url: `ws://127.0.0.1:${port}/live?…`, frames: 0 },
  })
  expect(await promise).toBe(1000)
})

test('a frame must come in time, and hold what it must', async () => {
  const port = await serve((socket) => {
    socket.send('hello')
    const timer = setInterval(() => socket.send('{"fps":24}'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  const url = `ws://127.0.0.1:${port}`
  expect(await runCheck('websocket', { url, frame_within: '2s' })).toMatchObject({ ok: true, detail: { frames: 1 } })
  expect(await runCheck('websocket', { url, frame_within: '2s', json: { path: 'fps', min: 10 } })).toMatchObject({ ok: true })
  const poor = await runCheck('websocket', { url, frame_within: '200ms', json: { path: 'fps', min: 25 } })
  expect(poor).toMatchObject({
    ok: false,
    error: `127.0.0.1:${port} sent no frame that fits: in the last frame, fps is 24, less than 25 within 200ms`,
  })
  expect(poor.detail['frames']).toBeGreaterThan(1)
})

test('a server that says nothing is told so', async () => {
  const port = await serve(() => undefined)
  const url = `ws://127.0.0.1:${port}`
  expect((await runCheck('websocket', { url, frame_within: '100ms' })).error).toBe(`127.0.0.1:${port} sent no frame within 100ms`)
  expect((await runCheck('websocket', { url, contains: 'x', timeout: '200ms' })).error).toMatch(/sent no frame within \d+ms$/)
})

test('what is sent and who asks arrive as configured', async () => {
  const port = await serve((socket, authorization) =>
    socket.on('message', (data) => socket.send(`${authorization} ${(data as Buffer).toString()}`)),
  )
  const keys = { url: `ws://127.0.0.1:${port}`, auth: { bearer_token: 't0ken' }, send: { type: 'ping' } }
  expect(await runCheck('websocket', { ...keys, contains: 'Bearer t0ken {"type":"ping"}' })).toMatchObject({ ok: true })
})

test('a server that refuses, hangs up, is mute or is not there is told apart', async () => {
  const web = await listen(createHttpServer((_, response) => response.writeHead(503).end()))
  expect((await runCheck('websocket', { url: `ws://127.0.0.1:${web}` })).error).toBe(
    `127.0.0.1:${web} answers with status 503 instead of a WebSocket`,
  )
  const rude = await serve((socket) => socket.close(1011))
  expect((await runCheck('websocket', { url: `ws://127.0.0.1:${rude}`, frame_within: '1s' })).error).toBe(
    `127.0.0.1:${rude} closed the WebSocket with code 1011 before the frame that is wanted`,
  )
  const mute = await listen(createServer((socket) => socket.on('error', () => undefined)))
  expect((await runCheck('websocket', { url: `ws://127.0.0.1:${mute}`, timeout: '200ms' })).error).toBe(
    `connected to 127.0.0.1:${mute}, but no complete answer within 200ms`,
  )
  const port = await freePort()
  expect((await runCheck('websocket', { url: `ws://127.0.0.1:${port}` })).error).toBe(
    `connection refused: nothing listens on 127.0.0.1:${port}`,
  )
})

test('TLS is verified unless the config says otherwise', async () => {
  const port = await serve((socket) => socket.send('secure'), createHttpsServer(selfSigned()))
  const url = `wss://127.0.0.1:${port}`
  expect((await runCheck('websocket', { url })).error).toContain('is self-signed')
  expect(await runCheck('websocket', { url, insecure: true, contains: 'secure' })).toMatchObject({ ok: true })
})

import { once } from 'node:events'
import { request } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { responseTo } from '../../src/network/response-to.ts'

/** A server that says these bytes to whoever connects, and closes. */
async function serve(answer: string, end = true): Promise<number> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => (end ? socket.end(answer) : socket.write(answer)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function ask(port: number) {
  const outgoing = request({ port, host: '127.0.0.1', agent: false })
  outgoing.end()
  try {
    return (await responseTo(outgoing)).statusCode
  } finally {
    outgoing.destroy()
  }
}

test('gives the answer', async () => {
  expect(await ask(await serve('HTTP/1.1 204 No Content\r\n\r\n'))).toBe(204)
})

test('ends when the server switches to another protocol', async () => {
  const port = await serve('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n', false)
  await expect(ask(port)).rejects.toMatchObject({ code: 'ERR_UPGRADED' })
})

test('ends when the server closes without a word, or says what is no HTTP', async () => {
  await expect(ask(await serve(''))).rejects.toMatchObject({ code: 'ECONNRESET' })
  await expect(ask(await serve('SSH-2.0-OpenSSH\r\n'))).rejects.toMatchObject({ code: /^HPE_/ })
})

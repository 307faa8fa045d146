import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Stands between client and broker. While it is deaf the broker still hears the client, but its answers are lost. */
export interface DeafProxy {
  readonly url: string
  deaf: boolean
  /** Breaks every connection. */
  cut(): void
}

export async function deafProxy(port: number): Promise<DeafProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (data) => far.write(data))
    far.on('data', (data) => proxy.deaf || near.write(data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const proxy: DeafProxy = {
    url: `nats://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    deaf: false,
    cut: () => sockets.forEach((socket) => socket.destroy()),
  }
  onTestFinished(() => {
    proxy.cut()
    server.close()
  })
  return proxy
}

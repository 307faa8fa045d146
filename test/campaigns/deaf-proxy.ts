import { createConnection, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** A TCP relay that can stop passing on what the server answers: requests arrive, acknowledgements get lost. */
export interface DeafProxy {
  readonly port: number
  /** While true, bytes from the server are thrown away. */
  isDeaf: boolean
  /** Cuts every connection. */
  cut(): void
  stop(): Promise<void>
}

export async function startDeafProxy(targetPort: number): Promise<DeafProxy> {
  const sockets = new Set<Socket>()
  const state = { isDeaf: false }
  const server = createServer((client) => {
    const upstream = createConnection(targetPort, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data) => {
      if (!state.isDeaf) client.write(data)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  return {
    port: (server.address() as AddressInfo).port,
    get isDeaf() {
      return state.isDeaf
    },
    set isDeaf(value: boolean) {
      state.isDeaf = value
    },
    cut,
    stop: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

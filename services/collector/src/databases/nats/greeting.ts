import type { Socket } from 'node:net'
import { ContractError } from '@nightshift/shared/errors'
import { connectSocket, serverAddress, type Progress, type ServerAddress } from '../server-address.ts'
import { orAborted } from '../session.ts'

const natsPort = 4222

/** The address of a server as people write it: `nats://host:port`, or without the protocol or the port. */
function natsAddress(server: string): ServerAddress {
  const [, host = '', port = String(natsPort)] = /^(?:[a-z]+:\/\/)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(server) ?? []
  return serverAddress({ host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }, natsPort)
}

/**
 * The first of the servers that greets who connects. The client itself keeps the connection to a server that never does, until it does
 * (measured); it is only let at one that is awake. Rejects with the reason of the first server.
 */
export async function firstToGreet(servers: readonly string[], progress: Progress, signal: AbortSignal): Promise<ServerAddress> {
  const sockets: Socket[] = []
  const greetings = servers.map(natsAddress).map(async (address) => {
    const socket = connectSocket(address, progress)
    sockets.push(socket)
    await greeting(socket)
    return address
  })
  try {
    return await orAborted(Promise.any(greetings), signal)
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

/** A server sends `INFO {…}` to whoever connects. */
async function greeting(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.on('error', reject)
  socket.on('close', () => reject(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })))
  socket.once('data', (data: Buffer) => {
    if (data.toString('latin1', 0, 5).toUpperCase() === 'INFO ') resolve()
    else reject(new ContractError('no_nats', 'what answers does not speak the protocol of NATS'))
  })
  await promise
}

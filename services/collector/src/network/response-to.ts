import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/**
 * The answer to a request. Rejects with the error of the socket, and also in the two ways that node:http does not call an error: the
 * connection is closed without an answer, or the server switches to another protocol that nobody asked for.
 */
export function responseTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  outgoing.on('response', resolve)
  // Stays for a connection that breaks after the answer was read: that must not throw.
  outgoing.on('error', reject)
  outgoing.on('upgrade', (_, socket: Socket) => {
    socket.destroy()
    reject(Object.assign(new Error('it switches to another protocol, which was not asked for'), { code: 'ERR_UPGRADED' }))
  })
  outgoing.on('close', () => reject(Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' })))
  return promise
}

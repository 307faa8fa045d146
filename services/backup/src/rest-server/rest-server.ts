import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Store } from '../destinations/store.ts'
import { isLogin, type RestAccess } from './rest-access.ts'
import { answerRest } from './rest-routes.ts'

export interface RestServer {
  /** With the login, for `restic -r rest:URL`; a secret as long as the server runs. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const user = 'nightshift'
/** Each may hold a pack in memory. */
const maxConnections = 16
const maxHeaderBytes = 16_384
const headersTimeoutMs = 10_000
const requestTimeoutMs = 600_000
const idleTimeoutMs = 30_000

/**
 * Serves a repository to restic on this host by its REST protocol, wherever it lies: so `restic -r rest:…` can check, mount and restore
 * what is in an object store of NATS. Loopback only, with a password made for this run; whoever is to write must say so.
 */
export async function startRestServer(store: Store, options: { access?: RestAccess; port?: number } = {}): Promise<RestServer> {
  const password = randomBytes(24).toString('base64url')
  const { access = 'read', port = 0 } = options
  const limits = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
  }
  const server = createServer(limits, (request, response) => {
    if (isLogin(request.headers.authorization, user, password)) void answerRest(store, access, request, response)
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="nightshift"', 'content-length': 0, connection: 'close' }).end()
  })
  server.maxConnections = maxConnections
  server.listen({ host: '127.0.0.1', port })
  await once(server, 'listening')
  const { port: chosen } = server.address() as AddressInfo
  return {
    url: `http://${user}:${password}@127.0.0.1:${chosen}/`,
    port: chosen,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface PageServer {
  readonly url: string
  /** Connections that were made so far. */
  readonly connections: number
  readonly requests: readonly IncomingMessage[]
  /** Ends it and every connection; the test need not. */
  stop(): Promise<void>
}

type Answer = string | ((request: IncomingMessage, response: ServerResponse) => void)

/** An application with a page of metrics: a text, or what answers each request. */
export async function servePage(
  answer: Answer,
  tls?: { cert: string; key: string; ca?: string; requestCert?: boolean },
): Promise<PageServer> {
  const requests: IncomingMessage[] = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request)
    if (typeof answer === 'function') answer(request, response)
    else response.setHeader('content-type', 'text/plain; version=0.0.4').end(answer)
  }
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle)
  let connections = 0
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let stopping: Promise<unknown> | undefined
  const stop = async (): Promise<void> => {
    stopping ??= once(server.close(), 'close')
    server.closeAllConnections()
    await stopping
  }
  onTestFinished(stop)
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    get connections() {
      return connections
    },
    requests,
    stop,
  }
}

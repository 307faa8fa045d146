import { once } from 'node:events'
import { createServer, request as forward, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to a request on its way. */
export type Fault =
  | { kind: 'status'; status: number; body?: string }
  /** Nothing ever comes back. */
  | { kind: 'silence' }
  /** The connection is cut after so many bytes of the answer's body. */
  | { kind: 'cut'; afterBytes: number }
  /** The server does it, but its answer is lost. */
  | { kind: 'lost' }
  /** So many bytes of the answer, and then no more. */
  | { kind: 'stall'; afterBytes: number }

export interface FaultProxy {
  readonly endpoint: string
  /** Faults of the next requests that match, one each. */
  readonly planned: { method: string; fault: Fault }[]
  /** What was asked, in order. */
  readonly seen: { method: string; path: string; headers: IncomingHttpHeaders }[]
  stop(): Promise<void>
}

/** Stands before a real server and spoils what it is told to. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const planned: FaultProxy['planned'] = []
  const seen: FaultProxy['seen'] = []
  const server = createServer((request, response) => {
    const index = planned.findIndex(({ method }) => method === request.method)
    const fault = index === -1 ? undefined : planned.splice(index, 1)[0]?.fault
    seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
    request.on('error', () => response.destroy())
    if (fault?.kind === 'status') {
      request.resume().on('end', () => response.writeHead(fault.status, { 'content-type': 'application/xml' }).end(fault.body))
    } else if (fault?.kind === 'silence') request.resume()
    else pass(upstream, request, response, fault)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    planned,
    seen,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function pass(upstream: string, request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
  const onward = forward(
    `${upstream}${request.url}`,
    { method: request.method ?? 'GET', headers: request.headers, agent: false },
    (answer) => {
      if (fault?.kind === 'lost') return void answer.resume().on('end', () => response.destroy())
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      if (fault === undefined) return void answer.pipe(response)
      let passed = 0
      answer.on('data', (chunk: Buffer) => {
        const afterBytes = 'afterBytes' in fault ? fault.afterBytes : 0
        const part = chunk.subarray(0, Math.max(0, afterBytes - passed))
        passed += part.length
        if (part.length > 0) response.write(part)
        if (passed >= afterBytes && fault.kind === 'cut') setImmediate(() => response.destroy())
      })
    },
  )
  onward.on('error', () => response.destroy())
  request.pipe(onward)
}

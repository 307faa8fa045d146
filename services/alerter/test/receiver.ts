import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { freePort } from '@nightshift/test-servers/nats'

/** How a receiver answers one request. */
export interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
  /** Says nothing. */
  readonly hang?: boolean
  /** Says its status, and then goes on for ever. */
  readonly endlessBody?: boolean
}

export interface ReceivedRequest {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly atMs: number
}

/** A real HTTP server that takes webhooks. */
export interface Receiver {
  readonly url: string
  readonly port: number
  readonly requests: ReceivedRequest[]
  /** The notifications that came; a copy of one has the same key. */
  readonly keys: ReadonlySet<string>
  last(): ReceivedRequest
  /** For the next requests, in order; 200 when there is none. */
  readonly answers: Answer[]
  stop(): Promise<void>
}

export async function startReceiver(port?: number): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  const answers: Answer[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url: path, headers } = request
      requests.push({ method, path, headers, body: Buffer.concat(chunks).toString(), atMs: performance.now() })
      const answer = answers.shift() ?? { status: 200 }
      if (answer.hang === true) return
      response.writeHead(answer.status, answer.headers)
      if (answer.endlessBody !== true) return response.end(answer.body)
      const timer = setInterval(() => response.write('x'.repeat(1000)), 20)
      response.on('close', () => clearInterval(timer))
    })
  })
  const chosen = port ?? (await freePort())
  server.listen(chosen, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${chosen}/hook`,
    port: chosen,
    requests,
    answers,
    get keys() {
      return new Set(requests.map(({ headers }) => String(headers['idempotency-key'])))
    },
    last: () => {
      const last = requests.at(-1)
      if (last === undefined) throw new Error('no request came')
      return last
    },
    stop: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

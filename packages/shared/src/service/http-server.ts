import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { ConfigError } from '../errors.ts'
import { codeOf } from './error-counts.ts'
import { json, type ProbeReply } from './probe.ts'

/** Not imported: an ES import of node:http touches every export, its WebSocket too, and that loads undici: 14 MB of memory (measured). */
const { createServer } = process.getBuiltinModule('node:http')

/** Answers a request, or says false for a path that is not its own. */
export type HttpRoute = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

export interface HttpOptions {
  /** Loopback unless somebody decided otherwise. */
  address: string
  /** 0 is any free port. */
  port: number
  /** How many ports to try when the first is taken: `up` takes the next free one, a service alone does not. */
  portTries?: number
  /** Asked in order. */
  routes: readonly HttpRoute[]
  log: Logger
}

export interface HttpServer {
  readonly url: string
  readonly port: number
  /** Takes no more connections, lets running answers finish until the deadline, then cuts them; idle ones at once. */
  close(deadlineMs?: number): Promise<void>
}

const maxHeaderBytes = 16_384
const maxBodyBytes = 1_048_576
const maxConnections = 512
const maxRequestsPerSocket = 1000
const headersTimeoutMs = 10_000
const requestTimeoutMs = 30_000
const idleTimeoutMs = 5000

/** The one HTTP listener of a process: of a service alone, or of `up`. Rejects with ConfigError when it cannot listen. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const server = createServer(
    { maxHeaderSize: maxHeaderBytes, headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs, keepAliveTimeout: idleTimeoutMs },
    (request, response) => {
      answer(request, response, options.routes).catch((error: unknown) => {
        options.log.error({ error, method: request.method, path: pathOf(request) }, 'a request failed')
        if (response.headersSent) response.destroy()
        else send(response, json(500, { error: 'internal', message: 'the request failed; the log of the service says why' }))
      })
    },
  )
  server.maxConnections = maxConnections
  server.maxRequestsPerSocket = maxRequestsPerSocket
  const port = await listen(server, options)
  server.on('error', (error) => options.log.error({ error }, 'the HTTP listener failed'))
  const name = options.address.includes(':') ? `[${options.address}]` : options.address
  return {
    url: `http://${name}:${port}`,
    port,
    close: (deadlineMs = 1000) => close(server, deadlineMs),
  }
}

/** Sends a small, complete answer. */
export function send(response: ServerResponse, reply: ProbeReply): void {
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': Buffer.byteLength(reply.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(response.req.method === 'HEAD' ? undefined : reply.body)
}

/** The path without its query; not decoded, for our paths have nothing to decode. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: readonly HttpRoute[]): Promise<void> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
    response.setHeader('connection', 'close')
    return send(response, json(413, { error: 'too_large', message: `a request may have ${maxBodyBytes} bytes` }))
  }
  for (const route of routes) {
    if (await route(request, response)) return
  }
  send(response, json(404, { error: 'not_found', message: `there is nothing at ${pathOf(request).slice(0, 200)}` }))
}

async function listen(server: Server, options: HttpOptions): Promise<number> {
  const tries = options.port === 0 ? 1 : (options.portTries ?? 1)
  for (let attempt = 0; ; attempt++) {
    const port = options.port + attempt
    try {
      server.listen({ host: options.address, port, exclusive: true })
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    } catch (cause) {
      const code = codeOf(cause)
      if (code === 'eaddrinuse' && attempt + 1 < tries && port < 65_535) continue
      const reason =
        code === 'eaddrinuse'
          ? 'another process listens there; stop it, or set `http.port:` to a free port'
          : `${code}; see \`http:\` in the configuration`
      throw new ConfigError('http_listen', `cannot listen on ${options.address}:${port}: ${reason}`, { cause })
    }
  }
}

async function close(server: Server, deadlineMs: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), deadlineMs)
  await closed
  clearTimeout(timer)
}

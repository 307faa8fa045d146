import { createServer, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'

/** One request as it came. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly compressedBytes: number
  readonly atMs: number
}

export interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
  /** Ends the connection without an answer, after the request was worked on. */
  readonly hangUp?: boolean
}

/**
 * Stands in for the HTTP side of a log server: hands each request to a function that does what the manual of the real one says, since
 * neither Elasticsearch nor Loki can be had where the tests run.
 */
export async function startLogServer(answer: (request: Received) => Answer): Promise<{ url: string; requests: Received[] }> {
  const requests: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8')
      const received = { path: request.url ?? '', headers: request.headers, body, compressedBytes: raw.length, atMs: performance.now() }
      requests.push(received)
      const { status, headers, body: reply, hangUp } = answer(received)
      if (hangUp === true) request.socket.destroy()
      else
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(reply === undefined ? '' : JSON.stringify(reply))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, requests }
}

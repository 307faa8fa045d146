import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { sharedLookup } from './shared-lookup.ts'

/** Not imported: an ES import of node:http touches every export, its WebSocket too, and that loads undici: 14 MB of memory (measured). */
const { request: httpRequest } = process.getBuiltinModule('node:http')

/** What is looked at of an answer; the rest is not read. */
export const maxBodyBytes = 1024 * 1024

export interface HttpQuestion {
  readonly url: URL
  readonly method: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly location: string | undefined
  readonly body: Buffer
  /** The answer is longer than what was read. */
  readonly isCut: boolean
}

/** How far it came, for the message when it fails. */
export interface Progress {
  connected: boolean
}

/**
 * One request on a connection of its own. Not by fetch, which is undici. Rejects with the error of the socket, or when the signal is aborted.
 */
export async function exchange(
  question: HttpQuestion,
  options: { signal: AbortSignal; insecure: boolean },
  progress: Progress,
): Promise<HttpAnswer> {
  const request = question.url.protocol === 'https:' ? httpsRequest : httpRequest
  const outgoing = request(question.url, {
    method: question.method,
    headers: question.headers,
    signal: options.signal,
    agent: false,
    lookup: sharedLookup,
    rejectUnauthorized: !options.insecure,
  })
  outgoing.on('socket', (socket) => {
    socket.once('connect', () => {
      progress.connected = true
    })
  })
  // A connection that breaks after the answer was read must not throw.
  outgoing.on('error', () => undefined)
  outgoing.end(question.body)
  try {
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { status: incoming.statusCode ?? 0, location: incoming.headers.location, ...(await readBody(incoming)) }
  } finally {
    outgoing.destroy()
  }
}

async function readBody(incoming: IncomingMessage): Promise<{ body: Buffer; isCut: boolean }> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > maxBodyBytes) return { body: Buffer.concat(chunks).subarray(0, maxBodyBytes), isCut: true }
  }
  return { body: Buffer.concat(chunks), isCut: false }
}

import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { sharedLookup } from '../../network/shared-lookup.ts'
import { withContext, type TlsChoice } from '../../network/tls-choice.ts'

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
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** When the certificate of the server expires; undefined without TLS. */
  readonly certificateEndsMs: number | undefined
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
  options: { signal: AbortSignal; tls: TlsChoice; address: string | undefined },
  progress: Progress,
): Promise<HttpAnswer> {
  const { url } = question
  const isSecure = url.protocol === 'https:'
  const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
    method: question.method,
    headers: question.headers,
    // Without an agent, which costs as much as the request itself.
    createConnection: () => openConnection(url, isSecure, options, progress),
  })
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  // Stays for the errors of a connection that breaks after the answer was read.
  outgoing.on('error', reject)
  outgoing.on('response', (incoming) => readAnswer(incoming, resolve, reject))
  // An answer too, though nobody asked for another protocol.
  outgoing.on('upgrade', ({ statusCode: status = 0, headers }, socket: Socket) => {
    socket.destroy()
    resolve({ status, location: undefined, headers, certificateEndsMs: undefined, body: Buffer.alloc(0), isCut: false })
  })
  // Not every way in which a request ends is an error to node:http.
  outgoing.on('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
  const giveUp = (): void => {
    reject(options.signal.reason)
    outgoing.destroy()
  }
  options.signal.addEventListener('abort', giveUp)
  if (options.signal.aborted) giveUp()
  else outgoing.end(question.body)
  try {
    return await promise
  } finally {
    options.signal.removeEventListener('abort', giveUp)
    outgoing.destroy()
  }
}

function openConnection(
  { hostname, port }: URL,
  isSecure: boolean,
  { tls, address }: { tls: TlsChoice; address: string | undefined },
  progress: Progress,
): Socket {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const lookup = address === undefined ? sharedLookup : undefined
  const place = {
    host: address ?? host,
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    ...(lookup === undefined ? {} : { lookup }),
  }
  const socket = isSecure
    ? connectTls({ ...place, ...(isIP(host) === 0 ? { servername: host } : {}), ...withContext(tls, 'TLSv1.2') })
    : connect(place)
  socket.once('connect', () => {
    progress.connected = true
  })
  return socket
}

function readAnswer(incoming: IncomingMessage, resolve: (answer: HttpAnswer) => void, reject: (error: Error) => void): void {
  const { statusCode: status = 0, headers } = incoming
  // Asked for now: a socket that was closed has forgotten.
  const start = { status, location: headers.location, headers, certificateEndsMs: endOfCertificate(incoming.socket) }
  const chunks: Buffer[] = []
  let sizeBytes = 0
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes <= maxBodyBytes) return
    incoming.pause()
    resolve({ ...start, body: Buffer.concat(chunks).subarray(0, maxBodyBytes), isCut: true })
  })
  incoming.on('end', () => resolve({ ...start, body: Buffer.concat(chunks), isCut: false }))
  incoming.on('error', reject)
}

function endOfCertificate(socket: Socket): number | undefined {
  if (!('getPeerCertificate' in socket)) return undefined
  const { valid_to: end } = (socket as TLSSocket).getPeerCertificate()
  return end === undefined ? undefined : Date.parse(end)
}

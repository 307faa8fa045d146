import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ContractError } from '@nightshift/shared/errors'
import { sharedLookup } from '../network/shared-lookup.ts'
import { responseTo } from '../network/response-to.ts'
import { TlsFiles, type TlsConfig, type TlsOptions } from './tls-files.ts'

/** As in checks/exchange/http-exchange.ts: an ES import of node:http would load undici. */
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http')

export interface PageRequestOptions {
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsConfig
  /** Of the page as it is read, not as it is packed for the way. */
  readonly maxBytes: number
}

/** An answer with status 200, whose body is still to be read. */
export interface Page {
  /** Lower-cased, with its parameters; empty when the server does not say. */
  readonly contentType: string
  readonly body: AsyncIterable<Buffer>
}

const keepAlive = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 }

/** Asks one URL for its page, again and again, on one connection that is kept. One request at a time. */
export class PageRequest {
  readonly #options: PageRequestOptions
  readonly #tls: TlsFiles
  #agent: Agent | undefined
  #agentTls: TlsOptions | undefined
  isConnected = false

  constructor(options: PageRequestOptions) {
    this.#options = options
    this.#tls = new TlsFiles(options.tls)
  }

  /**
   * Hands the page over while it arrives. Rejects with the error of the socket or of `read`, with ContractError for an answer that is no page
   * (`page_status`, `page_encoding`, `page_too_large`), or when the signal is aborted.
   */
  async fetch<T>(signal: AbortSignal, read: (page: Page) => Promise<T>): Promise<T> {
    const agent = await this.#prepare()
    try {
      return await this.#attempt(agent, signal, read)
    } catch (error) {
      // A server may close a kept connection in the moment in which it is used again.
      if (!(error instanceof StaleConnection) || signal.aborted) throw error
      return await this.#attempt(agent, signal, read)
    }
  }

  close(): void {
    this.#agent?.destroy()
    this.#agent = undefined
  }

  async #attempt<T>(agent: Agent, signal: AbortSignal, read: (page: Page) => Promise<T>): Promise<T> {
    this.isConnected = false
    const { url, headers } = this.#options
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest
    const outgoing = request(url, { headers, signal, agent, lookup: sharedLookup })
    outgoing.on('socket', (socket) => {
      this.isConnected = !socket.connecting
      if (this.isConnected) return
      socket.once('connect', () => {
        this.isConnected = true
      })
    })
    const answer = answerTo(outgoing)
    outgoing.end()
    let isComplete = false
    try {
      const incoming = await answer
      judgeStatus(incoming, url)
      const result = await read({ contentType: (incoming.headers['content-type'] ?? '').toLowerCase(), body: this.#bounded(incoming) })
      isComplete = incoming.readableEnded
      return result
    } finally {
      if (!isComplete) outgoing.destroy()
    }
  }

  async *#bounded(incoming: IncomingMessage): AsyncGenerator<Buffer> {
    const { maxBytes } = this.#options
    let sizeBytes = 0
    for await (const bytes of unpacked(incoming) as AsyncIterable<Buffer>) {
      sizeBytes += bytes.length
      if (sizeBytes > maxBytes) {
        const limit = maxBytes >= 1_048_576 ? `${Math.round(maxBytes / 104_857.6) / 10} MiB` : `${maxBytes} bytes`
        throw new ContractError('page_too_large', `the page is larger than ${limit}`)
      }
      yield bytes
    }
  }

  async #prepare(): Promise<Agent> {
    if (this.#options.url.protocol !== 'https:') return (this.#agent ??= new HttpAgent(keepAlive))
    const tls = await this.#tls.options()
    if (this.#agent === undefined || this.#agentTls !== tls) {
      this.#agent?.destroy()
      this.#agent = new HttpsAgent({ ...keepAlive, ...tls })
      this.#agentTls = tls
    }
    return this.#agent
  }
}

class StaleConnection extends Error {}

async function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  try {
    return await responseTo(outgoing)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (outgoing.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')) throw new StaleConnection('closed', { cause })
    throw cause
  }
}

function judgeStatus({ statusCode = 0, headers }: IncomingMessage, url: URL): void {
  if (statusCode === 200) return
  const refuse = (hint: string): never => {
    throw new ContractError('page_status', `status ${statusCode}${hint}`)
  }
  if (statusCode === 401 || statusCode === 403) refuse(': give basic_auth, bearer_token or a header that it accepts')
  if (statusCode === 404) refuse(`: there is nothing at ${url.pathname}; is the path right?`)
  const target = headers.location === undefined ? null : URL.parse(headers.location, url)
  if (statusCode >= 300 && statusCode < 400 && target !== null)
    refuse(`, a redirect to ${target.origin}${target.pathname}: write that address, redirects are not followed`)
  refuse(', expected 200')
}

function unpacked(incoming: IncomingMessage): Readable {
  const encoding = incoming.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return incoming
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new ContractError('page_encoding', `the page is packed as ${encoding.slice(0, 40)}, which was not asked for`)
  }
  // Errors on either side end the reading side, which is where somebody waits.
  return pipeline(incoming, createGunzip(), () => undefined)
}

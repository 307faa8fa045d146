import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Clock } from '@nightshift/shared/clock'
import { ChannelError } from './channel.ts'
import { retryAfterMs } from './retry-after.ts'

interface Options {
  readonly url: URL
  /** The default is POST. */
  readonly method?: 'GET' | 'POST' | 'PUT'
  /** For one attempt, from connecting to the end of the answer. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** Of the answer only this much is read: enough to say what it complained about. */
const maxAnswerBytes = 4096
const maxShownLength = 200
const maxSockets = 8
/** Statuses that may go away by themselves, besides 5xx. */
const passing = new Set([408, 421, 425, 429])

/** Sends bodies to one URL over connections that are kept open. Never follows a redirect: what is signed for one address is not sent to another. */
export class HttpPoster {
  readonly #options: Options
  readonly #agent: HttpAgent

  constructor(options: Options) {
    this.#options = options
    const agentOptions = { keepAlive: true, maxSockets, maxFreeSockets: 1 }
    this.#agent = options.url.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  }

  /** Resolves with the start of the answer when the other side answered 2xx. Throws ChannelError. */
  async post(body: Buffer, headers: Record<string, string>, signal: AbortSignal): Promise<string> {
    const { url, timeoutMs, clock } = this.#options
    const timeout = AbortSignal.timeout(timeoutMs)
    let answer: { status: number; retryAfter: string | undefined; text: string }
    try {
      answer = await this.#exchange(body, headers, AbortSignal.any([signal, timeout]))
    } catch (cause) {
      if (timeout.aborted)
        throw new ChannelError('timeout', `${url.host} did not answer within ${timeoutMs} ms`, { transient: true, cause })
      throw new ChannelError('unreachable', `cannot send to ${url.host}`, { transient: true, cause })
    }
    const { status, retryAfter, text } = answer
    if (status >= 200 && status < 300) return text
    const transient = status >= 500 || passing.has(status)
    const shown = text === '' ? '' : `: ${text}`
    const hint = status >= 300 && status < 400 ? '; redirects are not followed, configure the address it ends at' : ''
    throw new ChannelError(`http_${status}`, `${url.host} answered ${status}${shown}${hint}`, {
      transient,
      retryAfterMs: transient ? retryAfterMs(retryAfter, clock.now()) : undefined,
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  async #exchange(
    body: Buffer,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<{ status: number; retryAfter: string | undefined; text: string }> {
    const { url, method = 'POST' } = this.#options
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, { method, agent: this.#agent, signal, headers: { ...headers, 'content-length': body.byteLength } })
      request.on('response', resolve)
      request.on('error', reject)
      request.end(body)
    })
    const status = response.statusCode ?? 0
    const text = await readStart(response).catch((error: unknown) => {
      // Taken is taken, also when the rest of the answer never comes.
      if (status >= 200 && status < 300) return ''
      throw error
    })
    return { status, retryAfter: response.headers['retry-after'], text }
  }
}

/** The first bytes of an answer as one line; a longer one is cut off together with its connection. */
async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > maxAnswerBytes) break
  }
  const text = Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8')
  const line = text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return line.length > maxShownLength ? `${line.slice(0, maxShownLength)}…` : line
}

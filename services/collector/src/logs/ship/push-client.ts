import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { authorization, type HttpAuth } from '../../network/http-auth.ts'
import { chooseTls } from '../../network/tls-choice.ts'
import { startDeadline } from '../../deadline.ts'
import type { HostPaths } from '../../procfs/host-paths.ts'

/** Not imported: see checks/exchange/http-exchange.ts. */
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http')
const compress = promisify(gzip)
/** What is read of an answer: a _bulk answer names each line. */
const maxAnswerBytes = 8 * 1024 * 1024

export interface PushConfig {
  readonly auth?: HttpAuth | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly insecure: boolean
  readonly server_name?: string | undefined
  readonly ca_file?: string | undefined
  readonly client_certificate?: { cert_file: string; key_file: string; passphrase?: string | undefined } | undefined
  readonly timeout: number
  readonly gzip: boolean
}

export interface PushAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

/** Posts bodies to one address, over a connection that is kept. */
export class PushClient {
  readonly #url: URL
  readonly #config: PushConfig
  readonly #host: HostPaths
  readonly #agent: InstanceType<typeof HttpAgent> | HttpsAgent

  constructor(url: URL, config: PushConfig, host: HostPaths) {
    this.#url = url
    this.#config = config
    this.#host = host
    const agentOptions = { keepAlive: true, maxSockets: 1 }
    this.#agent = url.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  }

  /** One request. Rejects with the error of the socket, when it takes too long, or when the signal is aborted. */
  async post(contentType: string, body: string, extra: Readonly<Record<string, string>>, signal: AbortSignal): Promise<PushAnswer> {
    const { timeout } = this.#config
    const deadline = startDeadline(timeout, signal)
    try {
      return await this.#exchange(contentType, body, extra, deadline.signal)
    } finally {
      deadline.end()
    }
  }

  async #exchange(contentType: string, body: string, extra: Readonly<Record<string, string>>, signal: AbortSignal): Promise<PushAnswer> {
    const { auth, gzip: isCompressed, headers } = this.#config
    const payload = isCompressed ? await compress(body) : Buffer.from(body)
    const isTls = this.#url.protocol === 'https:'
    const tls = isTls ? await chooseTls(this.#config, this.#host, signal) : {}
    const request = isTls ? httpsRequest : httpRequest
    const outgoing = request(this.#url, {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: {
        'content-type': contentType,
        'content-length': String(payload.length),
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
        ...authorization(auth),
        ...extra,
        ...headers,
      },
      ...tls,
    })
    // A connection that breaks after the answer was read must not throw.
    outgoing.on('error', () => undefined)
    outgoing.end(payload)
    const [incoming] = (await once(outgoing, 'response', { signal })) as [IncomingMessage]
    const retryAfter = incoming.headers['retry-after']
    return { status: incoming.statusCode ?? 0, retryAfter, body: await readAnswer(incoming) }
  }

  close(): void {
    this.#agent.destroy()
  }
}

async function readAnswer(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes <= maxAnswerBytes) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

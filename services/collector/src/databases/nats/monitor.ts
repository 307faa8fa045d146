import type { Agent, IncomingMessage } from 'node:http'
import { ContractError } from '@nightshift/shared/errors'
import { sharedLookup } from '../../network/shared-lookup.ts'
import { responseTo } from '../../network/response-to.ts'
import type { Connection } from '../session.ts'

/** Some 8000 streams; what is larger is not read. */
const maxBodyBytes = 4 * 1024 * 1024

export type Answer = Readonly<Record<string, unknown>>

/** The monitoring port of a NATS server, over one kept connection. */
export class NatsMonitor implements Connection {
  isOpen = true
  readonly #base: URL
  readonly #agent: Agent
  readonly #request: typeof import('node:http').request

  private constructor(base: URL, agent: Agent, request: typeof import('node:http').request) {
    this.#base = base
    this.#agent = agent
    this.#request = request
  }

  static async open(url: string, insecure: boolean): Promise<NatsMonitor> {
    const base = new URL(url.endsWith('/') ? url : `${url}/`)
    const keptOne = { keepAlive: true, maxSockets: 1 }
    if (base.protocol === 'https:') {
      const https = await import('node:https')
      return new NatsMonitor(base, new https.Agent({ ...keptOne, rejectUnauthorized: !insecure }), https.request)
    }
    // Not imported: an ES import of node:http loads undici with it (checks/exchange/http-exchange.ts).
    const http = process.getBuiltinModule('node:http')
    return new NatsMonitor(base, new http.Agent(keptOne), http.request)
  }

  /** The JSON object that stands at a path such as `varz`. */
  async get(path: string): Promise<Answer> {
    try {
      return await this.#get(path)
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    this.isOpen = false
    this.#agent.destroy()
  }

  async #get(path: string): Promise<Answer> {
    const outgoing = this.#request(new URL(path, this.#base), {
      agent: this.#agent,
      lookup: sharedLookup,
      headers: { accept: 'application/json' },
    })
    const answer = responseTo(outgoing)
    outgoing.end()
    const incoming = await answer
    if (incoming.statusCode !== 200) throw notMonitoring(`answers with status ${incoming.statusCode ?? 0}`)
    return parse(await readBody(incoming))
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBodyBytes)
      throw new ContractError('reply_too_large', `the answer is larger than ${maxBodyBytes} bytes, which is not read`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Answer
  } catch {
    // Said below.
  }
  throw notMonitoring('answers in something else than JSON')
}

function notMonitoring(what: string): ContractError {
  return new ContractError('no_monitoring', `what listens there ${what}: is it the monitoring port (http_port) of a NATS server?`)
}

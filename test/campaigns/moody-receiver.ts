import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface MoodyReceiver {
  readonly url: string
  /** Messages that were taken: answered with 200 in full. `key` is the same for every copy. */
  readonly taken: readonly { readonly key: string; readonly alert: Record<string, unknown> }[]
  /** Requests that it did not take. */
  readonly refused: number
  /** 0 to 1: how much of what comes is not taken. */
  moodiness: number
  stop(): Promise<void>
}

const moods = ['error', 'throttle', 'hang', 'cut'] as const

/** A team's webhook on a bad day: it fails, throttles with Retry-After, hangs, and cuts connections. */
export async function startMoodyReceiver(random: () => number): Promise<MoodyReceiver> {
  const taken: { key: string; alert: Record<string, unknown> }[] = []
  let refused = 0
  const refuse = (response: ServerResponse): void => {
    refused++
    const mood = moods[Math.floor(random() * moods.length)]
    if (mood === 'cut') response.destroy()
    else if (mood === 'error') response.writeHead(503).end()
    else if (mood === 'throttle') response.writeHead(429, { 'retry-after': '1' }).end()
  }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      if (random() < receiver.moodiness) return refuse(response)
      const key = String(request.headers['idempotency-key'] ?? '')
      taken.push({ key, alert: (JSON.parse(body) as { alert: Record<string, unknown> }).alert })
      response.writeHead(200).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver: MoodyReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    taken,
    get refused() {
      return refused
    },
    moodiness: 0,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return receiver
}

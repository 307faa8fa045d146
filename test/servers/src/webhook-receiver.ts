import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface Receipt {
  key: string
  body: Record<string, unknown>
  /** performance.now(), when its body was complete. */
  atMs: number
}

export interface WebhookReceiver {
  readonly url: string
  readonly receipts: readonly Receipt[]
  stop(): Promise<void>
}

/** Stands for a team's webhook: takes everything, and remembers it with its idempotency key. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const receipts: Receipt[] = []
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      receipts.push({
        key: String(request.headers['idempotency-key'] ?? ''),
        body: JSON.parse(body) as Record<string, unknown>,
        atMs: performance.now(),
      })
      response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    receipts,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

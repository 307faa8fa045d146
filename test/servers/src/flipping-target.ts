import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** A web app whose health the campaign turns on and off; it remembers what every probe was told. */
export interface FlippingTarget {
  readonly url: string
  readonly isUp: boolean
  /** Answers given since the last flip. */
  readonly answersSinceFlip: number
  flip(): void
  stop(): Promise<void>
}

export async function startFlippingTarget(): Promise<FlippingTarget> {
  let isUp = true
  let answers = 0
  const server = createServer((_request, response) => {
    answers++
    response.writeHead(isUp ? 200 : 503, { connection: 'close' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
    get isUp() {
      return isUp
    },
    get answersSinceFlip() {
      return answers
    },
    flip: () => {
      isUp = !isUp
      answers = 0
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A message that was taken. */
export interface Taken {
  /** The same for every copy. */
  readonly key: string
  readonly alert: Record<string, unknown>
  readonly alerts: readonly Record<string, unknown>[]
  readonly group: Record<string, unknown>
  /** False when nobody was told that it was taken: then it has to come again. */
  readonly isAnswered: boolean
  /** performance.now() */
  readonly atMs: number
}

export interface MoodyReceiver {
  readonly url: string
  readonly taken: readonly Taken[]
  /** Requests that it did not take. */
  readonly refused: number
  /** 0 to 1: how much of what comes is not answered as it should be. */
  moodiness: number
  stop(): Promise<void>
}

type Body = Pick<Taken, 'alert' | 'alerts' | 'group'>

const moods = ['error', 'throttle', 'hang', 'cut', 'mute'] as const

/** A team's webhook on a bad day: it fails, throttles with Retry-After, hangs, cuts connections, and takes what comes without a word. */
export async function startMoodyReceiver(
  random: () => number,
  onRequest?: (key: string, body: Body, answer: string) => void,
): Promise<MoodyReceiver> {
  const taken: Taken[] = []
  let refused = 0
  const refuse = (response: ServerResponse, mood: (typeof moods)[number]): void => {
    refused++
    if (mood === 'cut') response.destroy()
    else if (mood === 'error') response.writeHead(503).end()
    else if (mood === 'throttle') response.writeHead(429, { 'retry-after': '1' }).end()
  }
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      const mood = random() < receiver.moodiness ? (moods[Math.floor(random() * moods.length)] ?? 'error') : 'good'
      const key = String(request.headers['idempotency-key'] ?? '')
      const { alert, alerts, group } = JSON.parse(text) as Body
      onRequest?.(key, { alert, alerts, group }, mood)
      if (mood !== 'good' && mood !== 'mute') return refuse(response, mood)
      taken.push({ key, alert, alerts, group, isAnswered: mood === 'good', atMs: performance.now() })
      if (mood === 'good') response.writeHead(200).end()
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

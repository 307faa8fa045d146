import { setTimeout as sleep } from 'node:timers/promises'
import type { SocketModeClient } from '@slack/socket-mode'
import type { ChannelContext } from '../channel.ts'
import { abortableFetch } from './abortable-fetch.ts'
import { quietLogger } from './quiet-logger.ts'
import { slackErrorOf } from './slack-errors.ts'

interface Options {
  /** App token, xapp-… */
  readonly token: string
  readonly apiUrl: string
  readonly log: ChannelContext['log']
  readonly onPayload: (payload: unknown) => void
}

const firstPauseMs = 1000
const longestPauseMs = 60_000
const callTimeoutMs = 10_000
const goodbyeMs = 500
/** A connection that lasted so long was a good one: the next is made at once. */
const goodMs = 10_000

/**
 * Listens to presses of buttons over a WebSocket that we open, so that Slack need not reach us. Each press goes to one connection of the app,
 * whichever replica has it. The library's own reconnecting is off: where it fails, it fails as an unhandled rejection.
 */
export class SlackSocket {
  readonly #options: Options
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  constructor(options: Options) {
    this.#options = options
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { log } = this.#options
    const { signal } = this.#stopping
    let pauseMs = firstPauseMs
    while (!signal.aborted) {
      const begunMs = performance.now()
      try {
        await this.#listen(signal)
      } catch (error) {
        if (!signal.aborted)
          log.warn({ error: slackErrorOf(error, 'apps.connections.open') }, 'no connection to Slack for buttons; trying again')
      }
      const wasGood = performance.now() - begunMs > goodMs
      pauseMs = wasGood ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2)
      await sleep(wasGood ? 0 : pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Resolves when the connection is over. */
  async #listen(signal: AbortSignal): Promise<void> {
    const client = await this.#make()
    client.on('interactive', ({ ack, body }: { ack: () => Promise<void>; body: unknown }) => {
      ack().catch((error: unknown) => this.#options.log.warn({ error }, 'a press of a button could not be confirmed to Slack'))
      this.#options.onPayload(body)
    })
    const over = new Promise<void>((resolve) => client.once('disconnected', () => resolve()))
    let timer: NodeJS.Timeout | undefined
    const leave = (): void => {
      void client.disconnect()
      // Asked twice, it does not wait for the other side to say goodbye.
      timer = setTimeout(() => void client.disconnect(), goodbyeMs)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      if (signal.aborted) return
      await client.start()
      await over
    } finally {
      signal.removeEventListener('abort', leave)
      // A connection that was being made when we were told to stop is there only now.
      if (signal.aborted) await client.disconnect()
      clearTimeout(timer)
    }
  }

  async #make(): Promise<SocketModeClient> {
    const { token, apiUrl } = this.#options
    const [{ SocketModeClient: Client }, { LogLevel }] = await Promise.all([import('@slack/socket-mode'), import('@slack/web-api')])
    return new Client({
      appToken: token,
      autoReconnectEnabled: false,
      logger: quietLogger(LogLevel.ERROR),
      clientOptions: {
        slackApiUrl: apiUrl,
        timeout: callTimeoutMs,
        retryConfig: { retries: 0 },
        rejectRateLimitedCalls: true,
        fetch: abortableFetch(this.#stopping.signal),
      },
    })
  }
}

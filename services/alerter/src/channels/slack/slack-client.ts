import type { WebAPICallResult, WebClient } from '@slack/web-api'
import { abortableFetch } from './abortable-fetch.ts'
import { quietLogger } from './quiet-logger.ts'
import { slackErrorOf } from './slack-errors.ts'

interface Options {
  readonly token: string
  readonly apiUrl: string
  /** For one call as a whole. */
  readonly timeoutMs: number
}

/**
 * Calls of the Slack Web API, without the queue and the retries of the library: one 429 would hold up everything, and retries are the
 * courier's. The library is loaded with the first call: it takes 17 MB and a third of a second.
 */
export class SlackClient {
  readonly #options: Options
  #made: { readonly signal: AbortSignal; readonly client: Promise<WebClient> } | undefined

  constructor(options: Options) {
    this.#options = options
  }

  /** Resolves with what Slack answers. Throws ChannelError, with the error of Slack as its code. */
  async call(method: string, args: Record<string, unknown>, signal: AbortSignal): Promise<WebAPICallResult> {
    const client = await this.#client(signal)
    try {
      return await client.apiCall(method, args)
    } catch (error) {
      throw slackErrorOf(error, method)
    }
  }

  /** The library takes no signal with a call, so there is a client for each signal; a courier has only one. */
  #client(signal: AbortSignal): Promise<WebClient> {
    if (this.#made?.signal !== signal) this.#made = { signal, client: this.#make(signal) }
    return this.#made.client
  }

  async #make(signal: AbortSignal): Promise<WebClient> {
    const { token, apiUrl, timeoutMs } = this.#options
    const library = await import('@slack/web-api')
    return new library.WebClient(token, {
      slackApiUrl: apiUrl,
      timeout: timeoutMs,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      logger: quietLogger(library.LogLevel.ERROR),
      fetch: abortableFetch(signal),
    })
  }
}

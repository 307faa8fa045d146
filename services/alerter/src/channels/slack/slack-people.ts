import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@nightshift/shared/clock'
import { textsOf } from '../../texts/texts.ts'
import type { ChannelContext } from '../channel.ts'
import type { ChannelConfig } from '../registry.ts'
import type { SlackConfig } from '../slack.ts'
import { SlackActions, type Ask } from './slack-actions.ts'
import { pressOf, type SlackPress } from './slack-buttons.ts'
import { SlackClient } from './slack-client.ts'
import { handleSlackHttp } from './slack-http.ts'
import { SlackSocket } from './slack-socket.ts'
import { slackWordsOf } from './slack-words.ts'

type Configs = Readonly<Record<string, ChannelConfig>>
interface Parts extends Pick<ChannelContext, 'locale' | 'timezone' | 'log'> {
  readonly clock: Clock
  readonly ask: Ask
}

/** A channel of the configuration whose messages have buttons. */
interface App {
  readonly config: SlackConfig & { readonly buttons: NonNullable<SlackConfig['buttons']> }
  readonly client: SlackClient
}

const maxAtWork = 32
const maxRemembered = 1000
/** Who presses twice in a hurry means it once. */
const againMs = 5000

/** What people press in Slack. Every replica listens, for each only writes down what is wanted. */
export class SlackPeople {
  readonly #parts: Parts
  readonly #actions: SlackActions
  readonly #stopping = new AbortController()
  readonly #atWork = new Set<Promise<void>>()
  readonly #pressed = new Map<string, number>()
  readonly #sockets = new Map<string, SlackSocket>()
  readonly #leaving = new Set<Promise<void>>()
  #apps: readonly App[] = []

  constructor(parts: Parts, configs: Configs) {
    const { ask, log, clock, locale, timezone } = parts
    this.#parts = parts
    const [texts, words] = [textsOf(locale, timezone), slackWordsOf(locale)]
    this.#actions = new SlackActions({ ask, log, nowMs: () => clock.now(), texts, words })
    this.use(configs)
  }

  use(configs: Configs): void {
    this.#apps = Object.values(configs).flatMap((config) => {
      if (config.kind !== 'slack' || config.buttons === undefined || config.bot_token === undefined) return []
      const client = new SlackClient({ token: config.bot_token, apiUrl: config.api_url, timeoutMs: config.timeout })
      return [{ config: { ...config, buttons: config.buttons }, client }]
    })
    const wanted = new Map(
      this.#apps.flatMap(({ config }) => (config.buttons.token === undefined ? [] : [[config.buttons.token, config] as const])),
    )
    for (const [token, socket] of this.#sockets) {
      if (wanted.has(token)) continue
      this.#sockets.delete(token)
      const left = socket.stop().finally(() => this.#leaving.delete(left))
      this.#leaving.add(left)
    }
    for (const [token, { api_url: apiUrl }] of wanted) {
      if (this.#sockets.has(token)) continue
      const onPayload = (payload: unknown): void => {
        const isTaken = this.#take(
          payload,
          this.#apps.filter(({ config }) => config.buttons.token === token),
        )
        if (!isTaken) this.#parts.log.warn('too many presses of buttons in Slack at once; one is dropped')
      }
      this.#sockets.set(token, new SlackSocket({ token, apiUrl, log: this.#parts.log, onPayload }))
    }
  }

  handleHttp(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    return handleSlackHttp(request, response, {
      nowMs: () => this.#parts.clock.now(),
      apps: () =>
        this.#apps.flatMap((app) => {
          const secret = app.config.buttons.signing_secret
          return secret === undefined ? [] : [{ secret, app }]
        }),
      take: (payload, apps) => this.#take(payload, apps),
    })
  }

  async stop(): Promise<void> {
    this.#apps = []
    this.#stopping.abort()
    await Promise.all([...this.#atWork, ...this.#leaving, ...[...this.#sockets.values()].map((socket) => socket.stop())])
  }

  /** Begins the work; false when there is too much of it already. What is none of our buttons is fine, and is nothing. */
  #take(payload: unknown, apps: readonly App[]): boolean {
    const press = pressOf(payload)
    // Where the configuration gives the id of the channel, it says exactly who may press there.
    const here = apps.filter(({ config }) => config.channel === press?.channel)
    const [app, ...others] = here.length > 0 ? here : apps
    if (press === undefined || app === undefined || this.#isAgain(press)) return true
    if (this.#atWork.size >= maxAtWork) return false
    const isAllowed = (user: string): boolean =>
      [app, ...others].some(({ config: { buttons } }) => buttons.users.includes(user) || buttons.users.includes('*'))
    const work = this.#actions
      .carryOut(press, { client: app.client, signal: this.#stopping.signal, isAllowed })
      .finally(() => this.#atWork.delete(work))
    this.#atWork.add(work)
    return true
  }

  #isAgain({ what, channel, ts, user }: SlackPress): boolean {
    const key = [what, channel, ts, user.id].join(' ')
    const now = this.#parts.clock.monotonicMs()
    const isAgain = now - (this.#pressed.get(key) ?? Number.NEGATIVE_INFINITY) < againMs
    this.#pressed.delete(key)
    this.#pressed.set(key, now)
    if (this.#pressed.size > maxRemembered) for (const oldest of this.#pressed.keys().take(1)) this.#pressed.delete(oldest)
    return isAgain
  }
}

import { ContractError } from '@nightshift/shared/errors'
import type { AlertList } from '../../list-alerts.ts'
import type { Texts } from '../../texts/texts.ts'
import type { ChannelContext } from '../channel.ts'
import type { SlackPress } from './slack-buttons.ts'
import type { SlackClient } from './slack-client.ts'
import type { SlackWords } from './slack-words.ts'

/** What people may ask of the alerter, as it is asked over the bus too. */
export type Ask = (verb: 'list' | 'ack' | 'silence', request: unknown) => Promise<unknown>

interface Parts {
  readonly ask: Ask
  readonly log: ChannelContext['log']
  readonly nowMs: () => number
  readonly texts: Texts
  readonly words: SlackWords
}

interface App {
  readonly client: SlackClient
  readonly signal: AbortSignal
  isAllowed(user: string): boolean
}

const silenceSeconds = 3600

/** Carries out what somebody pressed, by the same endpoints as the command line, with the Slack user as the actor. */
export class SlackActions {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Never rejects: what goes wrong is said to whoever pressed. */
  async carryOut(press: SlackPress, app: App): Promise<void> {
    const { log, words } = this.#parts
    const { user, what } = press
    try {
      if (!app.isAllowed(user.id)) {
        log.warn({ user: user.id, what }, 'somebody pressed a button in Slack who may not')
        return await this.#whisper(press, app, words.notAllowed)
      }
      const firing = await this.#firing(press)
      if (firing.length === 0) return await this.#whisper(press, app, words.over)
      await (what === 'ack' ? this.#ack(press, firing) : this.#silence(press, firing, app))
      log.info({ user: user.id, what, alerts: firing.map(({ fingerprint }) => fingerprint) }, 'a button in Slack was pressed')
    } catch (error) {
      log.warn({ error, user: user.id, what }, 'a button in Slack was pressed in vain')
      const isOver = error instanceof ContractError && error.code === 'unknown_alert'
      await this.#whisper(press, app, isOver ? words.over : words.failed)
    }
  }

  /** Those of the message that fire now; what matters most is first. */
  async #firing({ fingerprints }: SlackPress): Promise<AlertList['alerts']> {
    const { alerts } = (await this.#parts.ask('list', { alerts: fingerprints })) as AlertList
    const firing = new Map(alerts.filter(({ phase }) => phase === 'firing').map((alert) => [alert.fingerprint, alert]))
    return fingerprints.flatMap((fingerprint) => firing.get(fingerprint) ?? [])
  }

  /** One stands for all: its whole incident is taken on. */
  async #ack({ user }: SlackPress, [first]: AlertList['alerts']): Promise<void> {
    await this.#parts.ask('ack', { alert: first?.fingerprint, actor: actorOf(user), comment: '' })
  }

  /** Each rule on each host of the message, for an hour. */
  async #silence(press: SlackPress, firing: AlertList['alerts'], { client, signal }: App): Promise<void> {
    const { ask, nowMs, texts, words } = this.#parts
    const pairs = new Map(firing.map(({ rule, host }) => [`${rule} ${host ?? ''}`, { rule, host }]))
    for (const { rule, host } of pairs.values()) {
      const matchers = [
        { name: 'rule', op: '=', value: rule },
        { name: 'host', op: '=', value: host ?? '' },
      ]
      await ask('silence', { matchers, duration_seconds: silenceSeconds, creator: actorOf(press.user), comment: 'by a button in Slack' })
    }
    const text = words.silencedBy(`<@${press.user.id}>`, texts.when(nowMs() + silenceSeconds * 1000))
    await client.call('chat.postMessage', { channel: press.channel, thread_ts: press.ts, text }, signal).catch((error: unknown) => {
      this.#parts.log.warn({ error }, 'the silence holds, but the message in Slack does not say so')
    })
  }

  async #whisper({ channel, user }: SlackPress, { client, signal }: App, text: string): Promise<void> {
    await client.call('chat.postEphemeral', { channel, user: user.id, text }, signal).catch((error: unknown) => {
      this.#parts.log.warn({ error, user: user.id }, 'somebody who pressed a button in Slack could not be answered')
    })
  }
}

function actorOf({ id, name }: SlackPress['user']): string {
  return `@${name} (Slack ${id})`.slice(0, 128)
}

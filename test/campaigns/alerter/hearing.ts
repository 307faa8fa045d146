import type { SlackCall, SlackStandIn } from '@nightshift/test-servers/slack'
import type { ReceivedMail } from '@nightshift/test-servers/smtp'
import type { Taken } from '../moody-receiver.ts'
import { nameOf } from './names.ts'

export type Phase = 'firing' | 'resolved'

/** That somebody was told of one state of one alert. */
export interface Mention {
  readonly name: string
  readonly phase: Phase
}

/** What was told of by webhook: each alert of the message in the state that it has there. */
export function mentionsOf({ alerts }: Pick<Taken, 'alerts'>): Mention[] {
  return alerts.map((alert) => ({ name: nameOf(alert), phase: alert['phase'] === 'resolved' ? 'resolved' : 'firing' }))
}

/** What a person reads there. */
export function mentionsIn(text: string): Mention[] {
  const found = text.matchAll(/(once-\d+) on ((?:team|mail)-\d+) is (failing|ok)/g)
  const all = [...found].map(([, check, host, state]): Mention => ({
    name: `${host} ${check}`,
    phase: state === 'ok' ? 'resolved' : 'firing',
  }))
  return [...new Map(all.map((mention) => [`${mention.name} ${mention.phase}`, mention])).values()]
}

/** A message that stood in Slack, or an edit of one. */
export interface SlackSaying {
  readonly mentions: readonly Mention[]
  readonly isEdit: boolean
  readonly isAnswered: boolean
  readonly atMs: number
}

const unanswered = 'taken, no answer'

/** What a message of many alerts counts and does not show. */
function hiddenIn(text: string): number {
  return text.includes('Summary') ? Number(/and (\d+) more/.exec(text)?.[1] ?? 0) : 0
}

/** Alerts that were told of in a number only, in Slack or by mail. */
export function hiddenAlerts(slack: SlackStandIn, mails: readonly ReceivedMail[]): { team: number; mail: number } {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
  return {
    team: sum(slack.calls.filter(isSaid).map(({ args }) => hiddenIn(textOf(args)))),
    mail: sum(mails.map(({ raw }) => hiddenIn(raw))),
  }
}

function textOf(args: SlackCall['args']): string {
  return `${args['text'] ?? ''}\n${args['attachments'] ?? ''}`
}

function isSaid({ method, outcome }: SlackCall): boolean {
  return /^chat\.(postMessage|update)$/.test(method) && (outcome === 'ok' || outcome === unanswered)
}

export function slackMentions({ args }: SlackCall): Mention[] {
  return mentionsIn(textOf(args))
}

/** What was said in Slack, in its order. */
export function slackSayings(slack: SlackStandIn): SlackSaying[] {
  return slack.calls.filter(isSaid).map((call) => ({
    mentions: slackMentions(call),
    isEdit: call.method === 'chat.update',
    isAnswered: call.outcome === 'ok',
    atMs: call.atMs,
  }))
}

export function mailMentions({ raw }: ReceivedMail): Mention[] {
  // Long lines of quoted-printable text go on after `=`.
  return mentionsIn(raw.replaceAll('=\r\n', ''))
}

import { isFiring } from '../../group/group.ts'
import type { Notification } from '../../notify/notification.ts'
import { metricFactOf } from '../../texts/fact.ts'
import type { MetricAlert, Texts } from '../../texts/texts.ts'
import { cut, cutLines, mrkdwn } from './mrkdwn.ts'
import { actionIds, alertsValue } from './slack-buttons.ts'
import type { SlackWords } from './slack-words.ts'

/** What chat.postMessage and chat.update take beside the place. */
export interface SlackMessage {
  readonly text: string
  readonly attachments: readonly { readonly color: string; readonly blocks: readonly SlackBlock[] }[]
}

type SlackText = { readonly type: 'mrkdwn' | 'plain_text'; readonly text: string }
type SlackBlock =
  | { readonly type: 'section'; readonly text: SlackText; readonly fields?: readonly SlackText[] }
  | { readonly type: 'context'; readonly elements: readonly SlackText[] }
  | { readonly type: 'actions'; readonly elements: readonly SlackButton[] }
type SlackButton = {
  readonly type: 'button'
  readonly action_id: string
  readonly text: SlackText
  readonly value?: string
  readonly url?: string
  readonly style?: 'primary'
}

/** How messages are made; the same for every message of a channel. */
export interface Look {
  readonly texts: Texts
  readonly words: SlackWords
  /** Whether pressing them leads anywhere. */
  readonly hasButtons: boolean
  /** Put before a runbook that is a path; null: such a runbook is named, not linked. */
  readonly runbooks: string | null
}

/** Bounds of Slack: 3000 for a section, 2000 for a field, 75 for a button, 4000 for the text of an edit. Ours leave room below all of them together. */
const maxText = 2900
const maxField = 500
const maxContext = 1500
const maxUrl = 3000

/** The message of an incident as it is now. Pure: the same notification makes the same message. */
export function slackMessageOf(notification: Notification, look: Look): SlackMessage {
  const { texts } = look
  const metric = texts.metricAlert(notification)
  const blocks: SlackBlock[] = [headBlock(notification, metric, look)]
  if (notification.message.alerts.length > 1) {
    const lines = texts.lines(notification).map((line) => mrkdwn(line, maxField))
    blocks.push({ type: 'section', text: { type: 'mrkdwn', text: cutLines(lines, maxText) } })
  }
  const notes = notesOf(notification, look)
  if (notes.length > 0) blocks.push({ type: 'context', elements: [{ type: 'mrkdwn', text: cut(notes.join(' · '), maxContext) }] })
  const buttons = buttonsOf(notification, look)
  if (buttons.length > 0) blocks.push({ type: 'actions', elements: buttons })
  const called = calledOf(notification, texts)
  // A mention calls only from here: what stands in an attachment is not a notification.
  const text = `${leadOf(notification, texts)}${called === null ? '' : `\n${called}`}`
  return { text, attachments: [{ color: colorOf(notification), blocks }] }
}

/** One line for the log of the incident, with whoever is called. */
export function slackLogLineOf(notification: Notification, look: Look): string {
  const { message } = notification
  const { texts } = look
  const heading = mrkdwn(texts.title(notification), maxField)
  const acked = ackedOf(notification, look)
  if (message.occasion === 'acked' && acked !== null) return acked
  const lines = texts.lines(notification).map((line) => mrkdwn(line, maxField))
  const called = calledOf(notification, texts)
  return cutLines([heading, ...(called === null ? [] : [called]), ...lines], maxText)
}

/** For a breach of what a host has, the text with all three of its figures; else what it is about. This is also what a phone shows. */
export function leadOf(notification: Notification, texts: Texts): string {
  const { event, message } = notification
  const group = metricFactOf(event)?.metric.split('.')[0] ?? ''
  if (message.figures !== null && message.firing > 0 && ['cpu', 'mem', 'fs'].includes(group))
    return texts.hostBreach(message.figures, Date.parse(event.time))
  return mrkdwn(texts.title(notification), maxText)
}

export function colorOf({ message }: Notification): string {
  if (message.firing === 0) return 'good'
  return message.worst === 'critical' ? 'danger' : message.worst === 'warning' ? 'warning' : '#439fe0'
}

function headBlock(notification: Notification, metric: MetricAlert | null, { texts, words }: Look): SlackBlock {
  const { event } = notification
  if (metric === null) return { type: 'section', text: { type: 'mrkdwn', text: mrkdwn(texts.fact(event), maxText) } }
  const rows = [...metric.fields, ...(event.host === null ? [] : [[words.host, event.host] as const])]
  const fields = rows.map(([name, value]) => ({ type: 'mrkdwn' as const, text: `*${name}*\n${mrkdwn(value, maxField)}` }))
  return { type: 'section', text: { type: 'mrkdwn', text: `*${mrkdwn(metric.title, maxField)}*` }, fields }
}

function ackedOf({ message }: Notification, { texts, words }: Look): string | null {
  if (message.acked == null) return null
  const { actor, until_ms: untilMs } = message.acked
  return `👀 ${mrkdwn(words.ackedBy(actor, untilMs === null ? null : texts.when(untilMs)), maxField)}`
}

function notesOf(notification: Notification, look: Look): string[] {
  const { texts, runbooks } = look
  const { event, message } = notification
  const notes: string[] = []
  const acked = ackedOf(notification, look)
  if (acked !== null) notes.push(acked)
  const level = texts.levelLine(notification)
  if (level !== null) notes.push(level)
  notes.push(`🕒 ${texts.when(message.opened_ms)}`)
  if (event.runbook !== null && runbookUrl(event.runbook, runbooks) === null)
    notes.push(`${texts.runbookWord}: ${mrkdwn(event.runbook, maxField)}`)
  return notes
}

/** With a mention of those whose Slack user is known. */
function calledOf(notification: Notification, texts: Texts): string | null {
  const line = texts.contactsLine(notification)
  if (line === null) return null
  const mentions = notification.message.contacts.flatMap(({ slack }) => (slack === null ? [] : [`<@${slack}>`]))
  return [...mentions, mrkdwn(line, maxField)].join(' ')
}

function buttonsOf(notification: Notification, { hasButtons, words, texts, runbooks }: Look): SlackButton[] {
  const { event, message } = notification
  const firing = message.alerts.filter(isFiring)
  const buttons: SlackButton[] = []
  if (hasButtons && firing.length > 0 && message.occasion !== 'summary') {
    const value = alertsValue(firing)
    if (message.acked == null)
      buttons.push({ type: 'button', action_id: actionIds.ack, text: { type: 'plain_text', text: words.ack }, value, style: 'primary' })
    buttons.push({ type: 'button', action_id: actionIds.silence, text: { type: 'plain_text', text: words.silence }, value })
  }
  const url = event.runbook === null ? null : runbookUrl(event.runbook, runbooks)
  if (url !== null && firing.length > 0)
    buttons.push({ type: 'button', action_id: actionIds.runbook, text: { type: 'plain_text', text: texts.runbookWord }, url })
  return buttons
}

function runbookUrl(runbook: string, base: string | null): string | null {
  const url = /^https?:\/\//.test(runbook) ? runbook : base === null ? null : `${base.replace(/\/$/, '')}/${runbook.replace(/^\//, '')}`
  return url !== null && url.length <= maxUrl && URL.canParse(url) ? url : null
}

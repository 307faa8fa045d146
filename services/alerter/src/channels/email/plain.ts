import { isFiring } from '../../group/group.ts'
import type { Notification } from '../../notify/notification.ts'
import type { Texts } from '../../texts/texts.ts'

/** The mail for those who read text: the same facts, in the same order, as the other half. */
export function plainMail(notification: Notification, texts: Texts, nowMs: number): string {
  const { event, message } = notification
  const { figures, firing, occasion } = message
  const parts = [
    [texts.title(notification)],
    [texts.levelLine(notification), texts.contactsLine(notification)],
    texts.lines(notification),
    [figures === null ? null : texts.resourceLine(figures, nowMs)],
    [event.runbook === null ? null : `${texts.runbookWord}: ${event.runbook}`, isOpen(notification) ? texts.ackLine(event) : null],
    [`-- \n${texts.footer}${firing + message.resolved > 1 && occasion !== 'summary' ? ` ${texts.counts(firing, message.resolved)}.` : ''}`],
  ]
  const blocks = parts.map((lines) => lines.filter((line) => line !== null).join('\n')).filter((block) => block !== '')
  return `${blocks.join('\n\n')}\n`
}

/** Whether there is one alert that somebody should take on. */
export function isOpen({ event, message }: Notification): boolean {
  return isFiring(event) && message.occasion !== 'acked' && message.occasion !== 'summary'
}

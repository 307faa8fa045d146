import type { SlackFault, SlackStandIn } from '@nightshift/test-servers/slack'
import type { TestSmtp, Trouble } from '@nightshift/test-servers/smtp'

const slackMethods = ['chat.postMessage', 'chat.update']
const slackFaults: readonly SlackFault[] = [
  { status: 500 },
  { status: 429, retryAfterSeconds: 1 },
  { hangs: true },
  { takesAndHangs: true },
]
const mailPlaces = ['connect', 'mail', 'rcpt', 'data'] as const satisfies readonly Trouble['at'][]
const mailAnswers = [451, 'hang', 'cut'] as const satisfies readonly Trouble['answer'][]

/** Now and then something goes wrong with the next call of Slack, or the next mail. */
export function upset(random: () => number, slack: SlackStandIn, smtp: TestSmtp): void {
  const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  if (slack.faults.length === 0 && random() < 0.15) slack.faults.push({ method: oneOf(slackMethods), ...oneOf(slackFaults) })
  if (smtp.troubles.length === 0 && random() < 0.05) smtp.troubles.push({ at: oneOf(mailPlaces), answer: oneOf(mailAnswers) })
}

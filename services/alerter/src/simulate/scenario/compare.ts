import { formatDuration } from '@nightshift/shared/config/scalars'
import type { Notification } from '../../notify/notification.ts'
import type { ExpectedAlert, ExpectedMessage } from './scenario-config.ts'
import type { SeenAlert } from './seen-alert.ts'

/** A message that went out. */
export interface SeenMessage {
  /** Since the start. */
  readonly atMs: number
  /** Everything that a person may read of it. */
  readonly text: string
  readonly notification: Notification
}

/** undefined when they are as expected, in any order; else what is missing and what is there besides. */
export function compareAlerts(expected: readonly ExpectedAlert[], seen: readonly SeenAlert[], mayBeMore: boolean): string | undefined {
  const left = [...seen]
  const missing = expected.filter((wanted) => {
    const at = left.findIndex((alert) => isAlert(wanted, alert))
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
  const surplus = mayBeMore ? [] : left
  return differenceOf('alerts', missing.map(describeExpected), surplus.map(describeAlert), seen.map(describeAlert))
}

/** undefined when they are as expected, in their order; with others in between when there may be more. */
export function compareMessages(
  expected: readonly ExpectedMessage[],
  seen: readonly SeenMessage[],
  mayBeMore: boolean,
): string | undefined {
  const surplus: SeenMessage[] = []
  const left = [...expected]
  for (const message of seen) {
    if (left[0] !== undefined && isMessage(left[0], message)) left.shift()
    else if (!mayBeMore) surplus.push(message)
  }
  return differenceOf('messages', left.map(describeExpected), surplus.map(describeMessage), seen.map(describeMessage))
}

function differenceOf(what: string, missing: readonly string[], surplus: readonly string[], seen: readonly string[]): string | undefined {
  if (missing.length + surplus.length === 0) return undefined
  return [
    `the ${what} differ`,
    ...missing.map((line) => `  - expected    ${line}`),
    ...surplus.map((line) => `  + unexpected  ${line}`),
    ...(missing.length > 0
      ? [seen.length === 0 ? `    there were no ${what}` : `    there were`, ...seen.map((line) => `      ${line}`)]
      : []),
  ].join('\n')
}

function isAlert(wanted: ExpectedAlert, alert: SeenAlert): boolean {
  return (
    wanted.rule === alert.rule &&
    (wanted.host === undefined || wanted.host === alert.host) &&
    (wanted.phase === undefined || wanted.phase === alert.phase) &&
    (wanted.severity === undefined || wanted.severity === alert.severity) &&
    (wanted.summary === undefined || alert.summary.includes(wanted.summary)) &&
    (wanted.muted === undefined || (alert.muted?.kind ?? false) === wanted.muted) &&
    (wanted.acked === undefined || (alert.acked?.actor ?? false) === wanted.acked) &&
    Object.entries(wanted.labels ?? {}).every(([name, value]) => alert.labels[name] === value)
  )
}

function isMessage(wanted: ExpectedMessage, { notification, text }: SeenMessage): boolean {
  const { channel, route, message } = notification
  return (
    (wanted.channel === undefined || wanted.channel === channel) &&
    (wanted.occasion === undefined || wanted.occasion === message.occasion) &&
    (wanted.route === undefined || wanted.route === route) &&
    (wanted.severity === undefined || wanted.severity === message.worst) &&
    (wanted.firing === undefined || wanted.firing === message.firing) &&
    (wanted.resolved === undefined || wanted.resolved === message.resolved) &&
    (wanted.contains ?? []).every((part) => text.includes(part))
  )
}

function describeExpected(wanted: ExpectedAlert | ExpectedMessage): string {
  return Object.entries(wanted)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}

function describeAlert({ rule, host, phase, severity, muted, acked, summary }: SeenAlert): string {
  const states = [muted === null ? '' : `, muted: ${muted.kind} by ${muted.by}`, acked === null ? '' : `, acked: ${acked.actor}`].join('')
  return `rule: ${rule}, host: ${host ?? 'none'}, phase: ${phase}, severity: ${severity}${states} (${summary})`
}

function describeMessage({ atMs, notification: { channel, route, message, event } }: SeenMessage): string {
  const { occasion, firing, resolved, worst } = message
  return `at ${formatDuration(atMs)} channel: ${channel}, occasion: ${occasion}, route: ${route}, severity: ${worst}, firing: ${firing}, resolved: ${resolved} (${event.summary})`
}

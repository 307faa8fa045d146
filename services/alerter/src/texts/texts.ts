import type { AlertEvent } from '@nightshift/shared/events/alert'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { quantityText } from '../alert/quantity-text.ts'
import type { HostFigures } from '../figures/host-figures.ts'
import { isFiring, type Occasion } from '../group/group.ts'
import type { Notification } from '../notify/notification.ts'
import type { Severity } from '../rules/severity.ts'
import { backupFactOf } from './backup-line.ts'
import { english } from './english.ts'
import { metricFactOf } from './fact.ts'
import { korean } from './korean.ts'
import { localTime } from './local-time.ts'
import type { Words } from './words.ts'

/** One alert on a metric, as a table of the users' own shape. */
export interface MetricAlert {
  /** `🚨 cpu.usage_ratio Alert` */
  readonly title: string
  /** Metric, Current Value, Threshold, Severity. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly color: 'danger' | 'warning'
}

/** What people read, in their language and their zone. Plain text; only where it says so with the marks of Slack. */
export interface Texts {
  /** With its sign, for a heading: `🚨 Critical: cpu-high on web-1, and 2 more`. */
  title(notification: Notification): string
  /** The same without its sign. */
  heading(notification: Notification): string
  /** What it is about in one line, without signs, for a phone's screen. */
  oneLine(notification: Notification): string
  /** One line per alert, and how many are not shown. */
  lines(notification: Notification): string[]
  /** What one alert says, with its host. */
  fact(event: AlertEvent): string
  /** null unless it is about one metric alert that fires. */
  metricAlert(notification: Notification): MetricAlert | null
  occasionWord(occasion: Occasion): string
  severityWord(severity: Severity): string
  reasonWord(reason: string): string
  /** `2025-10-21 09:00` */
  when(epochMs: number): string
  /** `since 2025-10-21 09:00` */
  since(event: AlertEvent): string
  /** `cpu-high on web-1` */
  ruleOn(event: AlertEvent): string
  /** `and 3 more` */
  more(count: number): string
  /** `2 firing, 1 resolved` */
  counts(firing: number, resolved: number): string
  /** Who is called, with role and phone; null when nobody is. */
  contactsLine(notification: Notification): string | null
  /** null when the rules do not say. */
  levelLine(notification: Notification): string | null
  /** CPU, memory and disk of a host, always all three. The title is bold in Slack's marks. */
  hostBreach(figures: HostFigures, epochMs: number): string
  /** `[2025-10-21 09:00] CPU:93% | MEM:88% | DISK:71%` */
  resourceLine(figures: HostFigures, epochMs: number): string
  /** The command that takes an alert on. */
  ackLine(event: AlertEvent): string
  /** The name is in Slack's marks. Size and time stand in a second line when both are known. */
  backupDone(name: string, sizeBytes: number | null, seconds: number | null, addedBytes?: number | null): string
  testText(channel: string, actor: string): string
  readonly runbookWord: string
  readonly language: 'en' | 'ko'
  readonly footer: string
}

const signs: Readonly<Record<Severity, string>> = { critical: '🚨', warning: '⚠️', info: 'ℹ️' }
const dots: Readonly<Record<Severity, string>> = { critical: '🔴', warning: '🟡', info: '🔵' }

/** Everything that is said to people, in a language. Pure. */
export function textsOf(locale: 'en' | 'ko', timezone: string): Texts {
  const words: Words = locale === 'ko' ? korean : english
  const when = localTime(timezone)
  const stateWord = ({ message }: Notification): string => {
    const { occasion, firing, worst } = message
    if (firing === 0) return words.occasion.resolved
    return occasion === 'new' || occasion === 'changed' || occasion === 'summary' ? words.severity[worst] : words.occasion[occasion]
  }
  const othersOf = ({ message }: Notification): number => message.firing + message.resolved - 1
  const share = (ratio: number | null): string => (ratio === null ? words.unknown : `${Math.round(ratio * 100)}%`)
  const backupLines = (notification: Notification): string[] | undefined => {
    const fact = backupFactOf(notification)
    return fact === null ? undefined : texts.backupDone(fact.name, fact.sizeBytes, fact.seconds, fact.addedBytes).split('\n')
  }
  const texts: Texts = {
    title: (notification) => {
      const [backup] = backupLines(notification) ?? []
      if (backup !== undefined) return backup
      const { firing, occasion, worst } = notification.message
      const sign = firing === 0 ? '✅' : occasion === 'acked' ? '👀' : signs[worst]
      return `${sign} ${texts.heading(notification)}`
    },
    heading: (notification) => {
      const fact = backupFactOf(notification)
      if (fact !== null) return words.backupDone(fact.name)
      const { event, message } = notification
      if (message.occasion === 'summary') return `${words.occasion.summary}: ${words.counts(message.firing, message.resolved)}`
      const others = othersOf(notification)
      const about = words.ruleOn(event.rule, event.host)
      return `${stateWord(notification)}: ${about}${others > 0 ? `, ${words.more(others)}` : ''}`
    },
    oneLine: (notification) => {
      const fact = backupFactOf(notification)
      if (fact !== null) return words.backupDone(fact.name)
      const others = othersOf(notification)
      return `${stateWord(notification)}: ${words.fact(notification.event)}${others > 0 ? ` (${words.more(others)})` : ''}`
    },
    lines: (notification) => {
      const backup = backupLines(notification)
      if (backup !== undefined) return backup.slice(1)
      const { alerts, firing, resolved } = notification.message
      const hidden = firing + resolved - alerts.length
      const lines = alerts.map((event) => {
        if (!isFiring(event)) return `✅ ${words.fact(event)}`
        return `${dots[event.severity]} ${words.fact(event)} · ${texts.since(event)}`
      })
      return hidden > 0 ? [...lines, words.more(hidden)] : lines
    },
    fact: (event) => words.fact(event),
    metricAlert: ({ event, message }) => {
      const fact = message.firing === 1 && message.resolved === 0 ? metricFactOf(event) : null
      if (fact === null) return null
      const fields: [string, string][] = [
        ['Metric', fact.metric],
        ['Current Value', fact.value],
        ['Threshold', fact.threshold ?? '-'],
        ['Severity', event.severity],
      ]
      return { title: `🚨 ${fact.metric} Alert`, fields, color: event.severity === 'critical' ? 'danger' : 'warning' }
    },
    occasionWord: (occasion) => words.occasion[occasion],
    severityWord: (severity) => words.severity[severity],
    reasonWord: (reason) => words.reason(reason),
    when,
    since: ({ started_time: startedTime }) => words.since(when(Date.parse(startedTime))),
    ruleOn: ({ rule, host }) => words.ruleOn(rule, host),
    more: words.more,
    counts: words.counts,
    contactsLine: ({ message }) => (message.contacts.length === 0 ? null : words.called(message.contacts)),
    levelLine: ({ message: { level, targets } }) => {
      const by = (ms: number | null | undefined): string | null => (ms == null ? null : when(ms).slice(-5))
      const times = { respond: by(targets?.respond_ms), cause: by(targets?.cause_ms), recover: by(targets?.recover_ms) }
      return level === null ? null : words.level(level, times)
    },
    hostBreach: (figures, epochMs) =>
      [
        `🚨 *${words.breach.title}*`,
        `- CPU: ${share(figures.cpu_ratio)}`,
        `- Memory: ${share(figures.memory_ratio)}`,
        `- Disk: ${share(figures.disk_ratio)}`,
        `- ${words.breach.time}: ${when(epochMs)}`,
      ].join('\n'),
    resourceLine: (figures, epochMs) =>
      `[${when(epochMs)}] CPU:${share(figures.cpu_ratio)} | MEM:${share(figures.memory_ratio)} | DISK:${share(figures.disk_ratio)}`,
    ackLine: ({ fingerprint }) => `${words.takeOn}: nightshift ack ${shortId(fingerprint)}`,
    backupDone: (name, sizeBytes, seconds, addedBytes = null) => {
      const first = `🗄️ ${words.backupDone(name)}`
      if (sizeBytes === null || seconds === null) return first
      const added = addedBytes === null ? null : quantityText('size_bytes', addedBytes)
      return `${first}\n${words.backupDetail(quantityText('size_bytes', sizeBytes), added, formatDuration(seconds * 1000))}`
    },
    testText: words.test,
    runbookWord: words.runbook,
    language: locale,
    footer: words.footer(timezone),
  }
  return texts
}

/** As much of a fingerprint as a person types. */
export function shortId(fingerprint: string): string {
  return fingerprint.slice(0, 6)
}

import type { AlertEvent } from '@nightshift/shared/events/alert'

/** What an alert on a metric says, taken apart so that it can be said in another language. */
export interface MetricFact {
  /** Words of the rule. */
  readonly own: string | null
  /** `<group>.<field>`; an application's own metric has no group. */
  readonly metric: string
  /** The metric that it is divided by. */
  readonly per: string | null
  /** `avg over 5m` */
  readonly how: string | null
  /** Which of several: a mount, a device. */
  readonly thing: string | null
  readonly value: string
  readonly threshold: string | null
  readonly direction: 'above' | 'below'
  /** What it is compared with beside the threshold. */
  readonly usual: string | null
  /** `5m`; null when it held for no time. */
  readonly lasting: string | null
}

const metric = String.raw`[a-z][a-z0-9_]*[._][a-z0-9_.]*`
const value = String.raw`-?\d[\d.e+-]*(?: ?[^\s\d,.]+)?`
const subject = String.raw`(?:(?<own>.*): )?(?<metric>${metric})(?: per (?<per>${metric}))?(?: \((?<how>\w+ over [\w.]+)\))?(?: of (?<thing>.+?))?`
const predicate = String.raw`is (?<value>${value})(?:, (?<direction>above|below) (?<threshold>${value}))?(?:, (?<usual>.+?))?`
const shape = new RegExp(String.raw`^${subject} ${predicate}(?: \d+ times (?:in a row|of \d+))?(?: for (?<lasting>[0-9.smhd]+))?$`)

/** null: the alert is not about a metric, or it speaks in words of its own; then the summary itself is what to show. */
export function metricFactOf({ summary, host, value: measured }: AlertEvent): MetricFact | null {
  if (measured === null) return null
  const groups = shape.exec(host === null ? summary : summary.replace(` on ${host} is `, ' is '))?.groups
  if (groups === undefined) return null
  const { own = null, metric: name = '', per = null, how = null, thing = null, value: text = '', threshold = null } = groups
  const { usual = null, lasting = null } = groups
  return {
    own,
    metric: name,
    per,
    how,
    thing,
    value: text,
    threshold,
    direction: groups['direction'] === 'below' ? 'below' : 'above',
    usual,
    lasting,
  }
}

/** What the check said, behind `<check> on <host> is failing: `. */
export function failureOf({ labels, summary }: AlertEvent): string | null {
  if (labels['check'] === undefined) return null
  const [, detail] = / is failing: (.*)$/.exec(summary) ?? []
  return detail ?? null
}

import type { Host } from '@nightshift/shared/subjects'
import type { Severity } from './severity.ts'

/** What the life of an alert needs to know of its rule. */
export interface Terms {
  /** How long the condition must hold, by the clock of the source. */
  readonly forMs: number
  /** A condition that ends sooner is not worth a pending event; much shorter than forMs. */
  readonly announceAfterMs: number
  /** So many failed results in a row, at least. */
  readonly failures: number
}

interface RuleBase extends Terms {
  readonly name: string
  readonly summary: string | null
  readonly runbook: string | null
  /** null: all that are configured. */
  readonly channels: readonly string[] | null
  /** Of the incident that it is: 1 to 3; null: by the severity. */
  readonly level: number | null
  /** What it reads, `cpu.usage_ratio` or `check:web`; an alert whose rule reads something else by now is not its alert any more. */
  readonly watch: string
  readsHost(host: Host): boolean
}

export interface Level {
  readonly severity: Severity
  readonly threshold: number
  /** Once on, the level holds until the value is here or beyond. */
  readonly clear: number
}

/** `app_<job>.<metric>.<field>` of a rule. */
export interface AppReading {
  readonly metric: string
  /** null when the rule names none: the value, or the mean of what has no single value. */
  readonly field: string | null
}

export interface MetricRule extends RuleBase {
  readonly kind: 'metric'
  readonly group: string
  /** Its end says the unit. */
  readonly field: string
  /** In a group of an application: which of its items are read; null in the groups of the catalogue, whose items have no names. */
  readonly item: AppReading | null
  /** Labels that tell its series apart; null for a group whose labels are the user's own. */
  readonly labelNames: readonly string[] | null
  readonly direction: 'above' | 'below'
  /** From the worst down. */
  readonly levels: readonly Level[]
  readsLabels(labels: Readonly<Record<string, string>>): boolean
}

export interface CheckRule extends RuleBase {
  readonly kind: 'check'
  readonly severity: Severity
  readsCheck(check: string): boolean
}

export type Rule = MetricRule | CheckRule

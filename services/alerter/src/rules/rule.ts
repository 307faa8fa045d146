import type { Host } from '@nightshift/shared/subjects'
import type { Hours } from '../hours/hours.ts'
import type { MetricSource } from './metric-source.ts'
import type { LevelTargets } from './incident-level.ts'
import type { Severity } from './severity.ts'
import type { Window } from './take.ts'

/** What the life of an alert needs to know of its rule. */
export interface Terms {
  /** How long the condition must hold, by the clock of the source. */
  readonly forMs: number
  /** A condition that ends sooner is not worth a pending event; much shorter than forMs. */
  readonly announceAfterMs: number
  /** So many failed results in a row, at least. */
  readonly failures: number
  /** An alert that fires goes on for so long after the condition ended, by the clock of the source. */
  readonly keepFiringMs: number
}

interface RuleBase extends Terms {
  readonly name: string
  /** Words of the user's own; with placeholders in braces they stand for the whole sentence. */
  readonly summary: string | null
  readonly runbook: string | null
  /** null: all that are configured. */
  readonly channels: readonly string[] | null
  /** Of the incident that it is: 1 to 3; null: by the severity. */
  readonly level: number | null
  /** How soon an incident of that level is to be dealt with; null: nobody said. */
  readonly targets: LevelTargets | null
  /** When it is judged; null: always. */
  readonly hours: Hours | null
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

/** So many of the last so many samples. */
export interface Run {
  readonly times: number
  readonly of: number
}

/** Against the same hour of the weeks before. */
export interface BaselineTerms {
  readonly weeks: number
  readonly side: 'above' | 'below' | 'both'
  /** A smaller difference, in the unit of the metric, is none. */
  readonly atLeast: number
  readonly zone: string
}

export interface MetricRule extends RuleBase, MetricSource {
  readonly kind: 'metric'
  /** What of a message comes to be judged, as one text: while it stays the same, so do the samples that are kept. */
  readonly recipe: string
  /** What is judged, as people read it: `cpu.usage_ratio (avg over 5m)`. */
  readonly title: string
  /** A name whose end says the unit of what is judged. */
  readonly unit: string
  /** null: each sample by itself. */
  readonly window: Window | null
  /** What it is divided by: the series of the same host and labels, or the one without labels. */
  readonly per: MetricSource | null
  /** Series of a host that share these labels are added up; null: each is judged by itself. */
  readonly by: readonly string[] | null
  /** null: every sample counts at once. */
  readonly run: Run | null
  /** null: levels are values. Else they are factors of what is usual. */
  readonly baseline: BaselineTerms | null
  readonly direction: 'above' | 'below'
  /** From the worst down. */
  readonly levels: readonly Level[]
}

export interface CheckRule extends RuleBase {
  readonly kind: 'check'
  readonly severity: Severity
  readsCheck(check: string): boolean
}

/** On what is not heard of. */
export interface AbsenceRule extends RuleBase {
  readonly kind: 'absence'
  readonly severity: Severity
  /** By our own clock: from when it was received. */
  readonly absentMs: number
  /** One of the two. */
  readonly source: MetricSource | null
  readonly check: string | null
}

/** On how often something happened. */
export interface EventRule extends RuleBase {
  readonly kind: 'event'
  /** `backup.failed`; the second part is a pattern. */
  readonly event: { readonly kind: string; readonly what: string }
  /** While it stays the same, so does what was counted. */
  readonly recipe: string
  readonly overMs: number
  /** From the worst down. */
  readonly levels: readonly Level[]
  readsLabels(labels: Readonly<Record<string, string>>): boolean
}

export type Rule = MetricRule | CheckRule | AbsenceRule | EventRule

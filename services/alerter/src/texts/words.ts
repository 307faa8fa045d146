import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Called } from '../escalate/ladder.ts'
import type { Occasion } from '../group/group.ts'
import type { Severity } from '../rules/severity.ts'

/** What differs from language to language; texts.ts puts it together. */
export interface Words {
  readonly severity: Readonly<Record<Severity, string>>
  readonly occasion: Readonly<Record<Occasion, string>>
  readonly fleet: string
  readonly unknown: string
  /** What an alert says, with its host. */
  fact(event: AlertEvent): string
  readonly since: (time: string) => string
  readonly more: (count: number) => string
  /** `cpu-high on web-1` */
  readonly ruleOn: (rule: string, host: string | null) => string
  readonly counts: (firing: number, resolved: number) => string
  /** Incident level, and by when what is to be done. */
  readonly level: (level: number, by: { respond: string | null; cause: string | null; recover: string | null }) => string
  readonly called: (contacts: readonly Called[]) => string
  readonly breach: { readonly title: string; readonly time: string }
  readonly backupDone: (name: string) => string
  readonly backupDetail: (size: string, added: string | null, lasting: string) => string
  readonly test: (channel: string, actor: string) => string
  readonly footer: (timezone: string) => string
  readonly runbook: string
  /** In front of the command that acknowledges. */
  readonly takeOn: string
  readonly reason: (reason: string) => string
}

export function contactText({ name, role, phone }: Called): string {
  return `${name} (${phone === null ? role : `${role}, ${phone}`})`
}

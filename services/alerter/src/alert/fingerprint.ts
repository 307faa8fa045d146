import { createHash } from 'node:crypto'
import type { Host } from '@nightshift/shared/subjects'

/** What one alert is about. */
export interface Series {
  readonly fingerprint: string
  readonly rule: string
  /** What the rule read when this began. */
  readonly watch: string
  readonly host: Host
  readonly labels: Readonly<Record<string, string>>
}

/** The identity of an alert: same rule, host and labels, same fingerprint, for ever. Order of labels does not matter. */
export function fingerprintOf(rule: string, host: Host, labels: Readonly<Record<string, string>>): string {
  const facts = [
    rule,
    host ?? '\u0001',
    ...Object.keys(labels)
      .toSorted()
      .flatMap((name) => [name, labels[name] ?? '']),
  ]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16)
}

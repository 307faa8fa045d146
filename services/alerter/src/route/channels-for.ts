import type { Severity } from '../rules/severity.ts'

/** Kinds that wake somebody up or fill a mailbox: unless the configuration says otherwise, only critical alerts go there. */
const loudKinds: ReadonlySet<string> = new Set(['email', 'sms', 'pagerduty'])

/** A channel of the configuration. */
export interface NamedChannel {
  readonly name: string
  readonly kind: string
}

/**
 * Who hears of an alert of this severity: those that the rule or the route names, as far as they are in the configuration; else every
 * channel for what is critical, and for the rest those that are quiet.
 */
export function channelsFor(named: readonly string[] | null, severity: Severity, all: readonly NamedChannel[]): string[] {
  if (named !== null) return named.filter((name) => all.some((channel) => channel.name === name))
  return all.filter(({ kind }) => severity === 'critical' || !loudKinds.has(kind)).map(({ name }) => name)
}

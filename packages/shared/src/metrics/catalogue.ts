import type { Field, Group } from './field.ts'
import { databaseGroups } from './groups/databases.ts'
import { hostGroups } from './groups/host.ts'
import { kernelGroups } from './groups/kernel.ts'
import { machineGroups } from './groups/machine.ts'
import { securityGroups } from './groups/security.ts'
import { scrapeGroups } from './groups/scrape.ts'

/**
 * Every metric group that goes on the bus: its fields, their units, and what tells its items apart. Event schemas, docs/metrics.md,
 * Prometheus names and the validation of rules all come from this one table. It loads nothing, so the collector can use it.
 */
export const catalogue = {
  ...hostGroups,
  ...kernelGroups,
  ...machineGroups,
  ...databaseGroups,
  ...securityGroups,
  ...scrapeGroups,
} as const satisfies Record<string, Group>

export type GroupName = keyof typeof catalogue

/** The catalogue entry of a group, or undefined for `app_<job>`, `log_<source>` and anything unknown. */
export function findGroup(name: string): Group | undefined {
  return Object.hasOwn(catalogue, name) ? catalogue[name as GroupName] : undefined
}

/** Groups named after a configured job or source; their fields are the user's own. */
export function isOpenGroup(name: string): boolean {
  return /^(?:app|log)_[a-z0-9-]{1,63}$/.test(name)
}

/** Groups whose items are the series of an application; app-item.ts has their form. */
export function isAppGroup(name: string): boolean {
  return name.startsWith('app_') && isOpenGroup(name)
}

export interface Metric extends Field {
  readonly group: string
  readonly field: string
  /** Labels that tell its series apart, besides host. */
  readonly labels: readonly string[]
  /** `nightshift_cpu_usage_ratio` */
  readonly prometheusName: string
}

/** Every metric of the catalogue, in order. Rules name one as `<group>.<field>`. */
export function listMetrics(): Metric[] {
  return Object.entries(catalogue as Record<string, Group>).flatMap(([group, entry]) => [
    ...toMetrics(group, entry.fields, []),
    ...toMetrics(group, entry.items?.fields ?? {}, entry.items?.labels ?? []),
  ])
}

/** The metric that a rule calls `<group>.<field>`, or undefined. */
export function findMetric(name: string): Metric | undefined {
  return listMetrics().find((metric) => `${metric.group}.${metric.field}` === name)
}

function toMetrics(group: string, fields: Readonly<Record<string, Field>>, labels: readonly string[]): Metric[] {
  return Object.entries(fields).map(([field, entry]) => ({ ...entry, group, field, labels, prometheusName: prometheusName(group, field) }))
}

/** The name of a metric in Prometheus and Grafana. */
export function prometheusName(group: string, field: string): string {
  return `nightshift_${group}_${field}`.replaceAll('-', '_')
}

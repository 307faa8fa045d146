import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { MetricRule } from '../rules/rule.ts'
import { labelsKey } from './alert-book.ts'

/** One value of a rule's metric in a message. */
export interface MetricReading {
  readonly key: string
  readonly labels: Readonly<Record<string, string>>
  /** null: could not be read. */
  readonly value: number | null
}

const noLabels = {}

/** The values that a rule reads in a message; undefined when the message says nothing about them, not even that they are gone. */
export function readingsOf(rule: MetricRule, event: MetricEvent): MetricReading[] | undefined {
  const isScalar = rule.labelNames?.length === 0
  if (isScalar || (rule.labelNames === null && event.items === undefined)) {
    if (event.fields === undefined) return undefined
    const value = event.fields[rule.field]
    return value === undefined || !rule.readsLabels(noLabels) ? [] : [{ key: '', labels: noLabels, value }]
  }
  if (event.items === undefined) return undefined
  const readings: MetricReading[] = []
  for (const item of event.items) {
    const value = item[rule.field]
    if (value === undefined || typeof value === 'string') continue
    const labels = labelsOf(item, rule.labelNames)
    if (rule.readsLabels(labels)) readings.push({ key: labelsKey(labels), labels, value })
  }
  return readings
}

/** The labels that make the identity: those of the catalogue, or every text of an item where the names are the user's own. */
function labelsOf(item: Readonly<Record<string, number | string | null>>, names: readonly string[] | null): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const name of names ?? Object.keys(item)) {
    const value = item[name]
    if (typeof value === 'string') labels[name] = value
  }
  return labels
}

import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { AppReading, MetricRule } from '../rules/rule.ts'
import { labelsKey } from './alert-book.ts'

/** One value of a rule's metric in a message. */
export interface MetricReading {
  readonly key: string
  readonly labels: Readonly<Record<string, string>>
  /** null: could not be read. */
  readonly value: number | null
}

type Item = Readonly<Record<string, number | string | null>>

const noLabels = {}

/** The values that a rule reads in a message; undefined when the message says nothing about them, not even that they are gone. */
export function readingsOf(rule: MetricRule, event: MetricEvent): MetricReading[] | undefined {
  if (rule.item !== null) return appReadingsOf(rule, rule.item, event)
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

/** A program may also publish such a group itself, as plain fields; then the metric is one of them. */
function appReadingsOf(rule: MetricRule, read: AppReading, event: MetricEvent): MetricReading[] | undefined {
  if (event.items === undefined) {
    if (event.fields === undefined) return undefined
    const value = read.field === null ? event.fields[read.metric] : undefined
    return value === undefined || !rule.readsLabels(noLabels) ? [] : [{ key: '', labels: noLabels, value }]
  }
  const readings: MetricReading[] = []
  for (const item of event.items) {
    const value = appValueOf(item, read)
    if (value === undefined || typeof value === 'string') continue
    const { metric: _metric, ...labels } = labelsOf(item, null)
    if (rule.readsLabels(labels)) readings.push({ key: labelsKey(labels), labels, value })
  }
  return readings
}

function appValueOf(item: Item, { metric, field }: AppReading): Item[string] | undefined {
  if (typeof item['metric'] !== 'string') return field === null ? item[metric] : undefined
  if (item['metric'] !== metric) return undefined
  return field === null ? (item['value'] === undefined ? item['mean'] : item['value']) : item[field]
}

/** The labels that make the identity: those of the catalogue, or every text of an item where the names are the user's own. */
function labelsOf(item: Item, names: readonly string[] | null): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const name of names ?? Object.keys(item)) {
    const value = item[name]
    if (typeof value === 'string') labels[name] = value
  }
  return labels
}

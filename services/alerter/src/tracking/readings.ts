import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { AppReading, MetricSource } from '../rules/metric-source.ts'
import { labelsKey } from './labels-key.ts'

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
export function readingsOf(source: MetricSource, event: MetricEvent): MetricReading[] | undefined {
  if (source.item !== null) return appReadingsOf(source, source.item, event)
  const isScalar = source.labelNames?.length === 0
  if (isScalar || (source.labelNames === null && event.items === undefined)) {
    if (event.fields === undefined) return undefined
    const value = event.fields[source.field]
    const labels = scopedLabels(source, event, noLabels)
    return value === undefined || !source.readsLabels(labels) ? [] : [{ key: labelsKey(labels), labels, value }]
  }
  if (event.items === undefined) return undefined
  const readings: MetricReading[] = []
  // A log says some things of itself, and others of what stands in it.
  const own = source.labelNames === null ? event.fields?.[source.field] : undefined
  const ownLabels = scopedLabels(source, event, noLabels)
  if (own !== undefined && source.readsLabels(ownLabels)) readings.push({ key: labelsKey(ownLabels), labels: ownLabels, value: own })
  for (const item of event.items) {
    const value = item[source.field]
    if (value === undefined || typeof value === 'string') continue
    const labels = scopedLabels(source, event, labelsOf(item, source.labelNames))
    if (source.readsLabels(labels)) readings.push({ key: labelsKey(labels), labels, value })
  }
  return readings
}

/** A program may also publish such a group itself, as plain fields; then the metric is one of them. */
function appReadingsOf(source: MetricSource, read: AppReading, event: MetricEvent): MetricReading[] | undefined {
  if (event.items === undefined) {
    if (event.fields === undefined) return undefined
    const value = read.field === null ? event.fields[read.metric] : undefined
    const labels = scopedLabels(source, event, noLabels)
    return value === undefined || !source.readsLabels(labels) ? [] : [{ key: labelsKey(labels), labels, value }]
  }
  const readings: MetricReading[] = []
  for (const item of event.items) {
    const value = appValueOf(item, read)
    if (value === undefined || typeof value === 'string') continue
    const { metric: _metric, ...own } = labelsOf(item, null)
    const labels = scopedLabels(source, event, own)
    if (source.readsLabels(labels)) readings.push({ key: labelsKey(labels), labels, value })
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

/** Which message of many it was, when a rule reads several groups. Checks say it themselves. A label of that name that was there is kept. */
function scopedLabels(
  { scopeLabel }: MetricSource,
  event: MetricEvent,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (scopeLabel === null || scopeLabel === 'check') return labels
  const scope = groupScope(event)
  const own = labels[scopeLabel]
  return { ...labels, [scopeLabel]: scope, ...(own === undefined ? {} : { [`exported_${scopeLabel}`]: own }) }
}

/** Which application, log or check a message is about, for a rule that reads many; empty for all others. */
export function scopeOf({ scopeLabel }: MetricSource, event: MetricEvent): string {
  if (scopeLabel === null) return ''
  return scopeLabel === 'check' ? String(event.items?.[0]?.['check'] ?? '') : groupScope(event)
}

function groupScope({ group }: MetricEvent): string {
  return group.slice(group.indexOf('_') + 1)
}

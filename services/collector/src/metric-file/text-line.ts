import type { MetricEvent } from '@nightshift/shared/events/metric'

/** Shares of what is in use, 0 to 1; null: not known. */
export interface Usage {
  readonly cpu: number | null
  readonly mem: number | null
  readonly disk: number | null
}

export const unknownUsage: Usage = { cpu: null, mem: null, disk: null }

/** What one metric message says of the usage. The disk is the one the system is on, else the fullest of the message. */
export function usageOf({ group, fields, items }: Pick<MetricEvent, 'group' | 'fields' | 'items'>): Partial<Usage> {
  if (group === 'cpu') return { cpu: fields?.['usage_ratio'] ?? null }
  if (group === 'mem') return { mem: fields?.['used_ratio'] ?? null }
  if (group !== 'fs') return {}
  const root = (items ?? []).find((item) => item['mount'] === '/')
  const ratios = (root === undefined ? (items ?? []) : [root])
    .map((item) => item['used_ratio'])
    .filter((ratio) => typeof ratio === 'number')
  return { disk: ratios.length === 0 ? null : Math.max(...ratios) }
}

/** `[2025-10-21T09:00:00.000Z] CPU:93% | MEM:81.5% | DISK:71%`; what is not known is a question mark. */
export function textLine(time: string, { cpu, mem, disk }: Usage): string {
  return `[${time}] CPU:${percent(cpu)} | MEM:${percent(mem)} | DISK:${percent(disk)}\n`
}

function percent(ratio: number | null): string {
  return ratio === null ? '?' : `${Math.round(ratio * 1000) / 10}%`
}

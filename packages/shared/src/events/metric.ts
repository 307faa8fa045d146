import { z } from 'zod'
import { catalogue, type GroupName } from '../metrics/catalogue.ts'
import type { Group } from '../metrics/field.ts'
import { envelopeShape, nameSchema } from './envelope.ts'

const valueSchema = z.union([z.number(), z.null()]).describe('null: cannot be read; absent: not supported here')
const itemSchema = z
  .record(z.string().max(128), z.union([z.number(), z.string().max(1024), z.null()]))
  .describe('Labels (text) and fields (numbers) of one thing')

export const metricEventSchema = z
  .object({
    ...envelopeShape,
    group: nameSchema,
    interval_seconds: z.number().nonnegative().optional().describe('Measured length of the interval that rates and ratios are over'),
    fields: z.record(z.string().max(128), valueSchema).optional().describe('Scalars of the host'),
    items: z.array(itemSchema).max(4096).optional(),
    part: z.int().min(1).max(1024).optional().describe('Of a message that was over 64 KB'),
    parts: z.int().min(1).max(1024).optional(),
  })
  .describe('One message per host, group and tick. A thing that is absent from `items` of a message that did arrive is gone.')
export type MetricEvent = z.infer<typeof metricEventSchema>

/** The schema of one group of the catalogue: the same, with its fields and labels spelled out. */
export function metricGroupSchema(name: GroupName): z.ZodType<MetricEvent> {
  const group: Group = catalogue[name]
  const fields = z.object(mapKeys(Object.keys(group.fields), () => valueSchema.optional())).catchall(valueSchema)
  const labels = mapKeys(group.items?.labels ?? [], () => z.string().max(1024))
  const itemFields = mapKeys(Object.keys(group.items?.fields ?? {}), () => valueSchema.optional())
  const item = z.object({ ...labels, ...itemFields }).catchall(z.union([z.number(), z.string().max(1024), z.null()]))
  return metricEventSchema.extend({
    group: z.literal(name),
    ...(Object.keys(group.fields).length > 0 ? { fields } : {}),
    ...(group.items === undefined ? {} : { items: z.array(item).max(4096) }),
  }) as unknown as z.ZodType<MetricEvent>
}

function mapKeys<T>(keys: readonly string[], value: () => T): Record<string, T> {
  return Object.fromEntries(keys.map((key) => [key, value()]))
}

import type { MetricEvent } from '@nightshift/shared/events/metric'
import { envelope, type Origin } from '../envelope.ts'
import { round } from '../sources/rates.ts'
import type { Item, Reading } from '../sources/source.ts'

/** The bound of the contract for one message; a larger one goes in parts. */
export const maxMessageBytes = 64 * 1024
/** Room for `part` and `parts`. */
const partBytes = 32

/** One reading as messages: one, or several when its items do not fit into 64 KB. */
export function metricEvents(
  origin: Origin,
  epochMs: number,
  group: string,
  reading: Reading,
  intervalSeconds: number | null,
): MetricEvent[] {
  const head = {
    group,
    ...(intervalSeconds === null ? {} : { interval_seconds: round(intervalSeconds) }),
    ...(reading.fields === undefined ? {} : { fields: reading.fields }),
  }
  const first: MetricEvent = { ...envelope(origin, epochMs), ...head }
  if (reading.items === undefined) return [first]
  const chunks = splitItems(reading.items, maxMessageBytes - sizeOf({ ...first, items: [] }) - partBytes)
  return chunks.map((items, index) => ({
    ...(index === 0 ? first : { ...envelope(origin, epochMs, first.correlation_id), ...head }),
    items,
    ...(chunks.length === 1 ? {} : { part: index + 1, parts: chunks.length }),
  }))
}

function splitItems(items: Item[], roomBytes: number): Item[][] {
  const chunks: Item[][] = [[]]
  let usedBytes = 0
  for (const item of items) {
    const itemBytes = sizeOf(item) + 1
    if (usedBytes + itemBytes > roomBytes && usedBytes > 0) {
      chunks.push([])
      usedBytes = 0
    }
    chunks.at(-1)?.push(item)
    usedBytes += itemBytes
  }
  return chunks
}

function sizeOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value))
}

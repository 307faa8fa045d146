import { z } from 'zod'
import { isoTime } from '@nightshift/shared/clock'
import type { Recorded } from '@nightshift/alerter/simulate/memory-bus'

const lineSchema = z.object({
  stream: z.enum(['METRICS', 'EVENTS']),
  subject: z.string().min(1).max(1024),
  received: z.iso.datetime(),
  event: z.record(z.string(), z.unknown()),
})

/** A message of the bus as one line of a file, JSON. */
export function formatLine({ stream, subject, receivedMs, data }: Recorded): string {
  return `{"stream":"${stream}","subject":${JSON.stringify(subject)},"received":"${isoTime(receivedMs)}","event":${Buffer.from(data).toString('utf8')}}\n`
}

/** undefined when the line is none of ours, or torn. */
export function parseLine(line: string): Recorded | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  const parsed = lineSchema.safeParse(value)
  if (!parsed.success) return undefined
  const { stream, subject, received, event } = parsed.data
  return { stream, subject, receivedMs: Date.parse(received), data: Buffer.from(JSON.stringify(event)) }
}

import { z } from 'zod'

/** What the default rules want to know of an application, and what the users' own programs call it. */
const shipped = {
  response_time: { metric: 'response_time_avg', unit: 'milliseconds', help: 'Mean time of a response' },
  llm_response_time: {
    metric: 'response_time_avg',
    unit: 'milliseconds',
    help: 'The same, of jobs that wait for a language model: name them in jobs',
  },
  request_time: { metric: 'http_request_duration_seconds.p99', unit: 'seconds', help: 'Time of the slowest requests' },
  error_rate: { metric: 'error_rate', unit: 'percent', help: 'Share of requests that fail; with per, errors divided by requests' },
  connections: { metric: 'active_connections', unit: 'number', help: 'Connections that are open' },
  frames: { metric: 'frames_processed_total', unit: 'number', help: 'Frames that were processed, a counter' },
  websockets: { metric: 'websocket_connections', unit: 'number', help: 'WebSocket connections that are open' },
  event_time: { metric: 'event_processing_seconds', unit: 'seconds', help: 'Time from an event to the end of its processing' },
  db_write_failures: { metric: 'db_write_consecutive_failures', unit: 'number', help: 'Writes to the database that failed, in a row' },
  snapshot_failures: { metric: 'snapshot_consecutive_failures', unit: 'number', help: 'Snapshots that could not be saved, in a row' },
  process_memory: { metric: 'process_memory_bytes', unit: 'bytes', help: 'Memory of the process' },
  cpu: { metric: 'cpu_percent', unit: 'percent', help: 'Processor usage, as the application says it' },
  memory: { metric: 'memory_percent', unit: 'percent', help: 'Memory usage, as the application says it' },
  disk: { metric: 'disk_percent', unit: 'percent', help: 'Disk usage, as the application says it' },
} as const

export type Subject = keyof typeof shipped

/** How many of the unit make one of ours: thresholds are in ratios, seconds and bytes. */
const unitFactors = { ratio: 1, percent: 100, seconds: 1, milliseconds: 1000, bytes: 1, number: 1 } as const
type Unit = keyof typeof unitFactors

const pattern = () => z.string().min(1).max(253)
const metricName = () =>
  z
    .string()
    .regex(
      /^(?:app_(?:[a-z0-9-]{1,63}|\*)\.)?[A-Za-z_:][A-Za-z0-9_:]{0,127}(?:\.[a-z][a-z0-9_]{0,63})?$/,
      'write the name of a metric, like error_rate, latency_seconds.p95 or app_api.error_rate',
    )

const bindingSchema = z.union(
  [
    z.literal(false),
    metricName().transform((metric) => ({ metric })),
    z.strictObject({
      metric: metricName().optional(),
      per: metricName().optional().describe('Both are counters: how much the first grew, divided by how much this one grew'),
      unit: z
        .enum(['ratio', 'percent', 'seconds', 'milliseconds', 'bytes', 'number'])
        .optional()
        .describe('What the application counts in, when the name does not say it'),
      jobs: z
        .array(pattern())
        .min(1)
        .max(64)
        .optional()
        .describe('Only these jobs of collector.scrape; * stands for anything, a leading ! excludes'),
    }),
  ],
  'write the name of a metric, {metric, per, unit, jobs}, or false',
)

type Written = z.infer<typeof bindingSchema>
const subjects = Object.keys(shipped) as Subject[]

/** Which metric of an application the default rules read for each thing that they judge. */
export const appMetricsSchema = z
  .strictObject(
    Object.fromEntries(
      subjects.map((subject) => [
        subject,
        bindingSchema.optional().describe(`${shipped[subject].help}. The default is ${shipped[subject].metric}`),
      ]),
    ) as Record<Subject, z.ZodOptional<typeof bindingSchema>>,
  )
  .prefault({})
  .describe('What your applications call the things that the default rules judge; false judges none of them')

export type AppMetrics = z.infer<typeof appMetricsSchema>

/** Where a subject is read, once the shipped names and those of the configuration are put together. */
export interface Binding {
  /** `app_<job>.<metric>` */
  readonly metric: string
  readonly per: string | undefined
  readonly jobs: readonly string[] | undefined
  readonly unit: Unit
  readonly factor: number
}

/** undefined: nobody wants to know. */
export function bindingOf(subject: Subject, written: Written | undefined): Binding | undefined {
  if (written === false) return undefined
  const given: Exclude<Written, false> = written ?? {}
  const {
    metric,
    per,
    unit,
    jobs,
  }: { metric?: string | undefined; per?: string | undefined; unit?: Unit | undefined; jobs?: string[] | undefined } = given
  const chosen = unit ?? (metric === undefined ? shipped[subject].unit : per === undefined ? unitIn(metric) : 'number')
  return {
    metric: inAnyJob(metric ?? shipped[subject].metric),
    per: per === undefined ? undefined : inAnyJob(per),
    jobs,
    unit: chosen,
    factor: unitFactors[chosen],
  }
}

function inAnyJob(metric: string): string {
  return metric.startsWith('app_') && metric.split('.').length > 1 ? metric : `app_*.${metric}`
}

function unitIn(metric: string): Unit {
  if (/_percent(?:\.|$)/.test(metric)) return 'percent'
  return /_(?:ms|millis|milliseconds)(?:\.|$)/.test(metric) ? 'milliseconds' : 'number'
}

import { z } from 'zod'
import { duration, size } from '@nightshift/shared/config/scalars'
import { headers, httpAuth, tlsShape } from './checks/connection-shape.ts'

const logLevelSchema = z.enum(['debug', 'info', 'warning', 'error', 'critical'])

const address = (path: string) =>
  z
    .string()
    .max(4096)
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), `write its address, like http://logs.example.com:${path}`)

/** What every destination over HTTP can be told. */
const pushShape = {
  auth: httpAuth(),
  headers: headers(),
  ...tlsShape,
  timeout: duration({ min: 100, max: 300_000 }).prefault('30s').describe('For one request'),
  gzip: z.boolean().default(true),
  max_batch_bytes: size({ min: 1024, max: 64 * 1024 * 1024 })
    .prefault('1MiB')
    .describe('Of one request, before it is compressed'),
  give_up_after: duration({ min: 1000 })
    .optional()
    .describe('Lines that could not be sent for so long are dropped and counted; without it they wait, and so does the reading of the log'),
}

const elasticsearch = z
  .strictObject({
    url: address('9200'),
    index: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9._-]{0,200}(?:\{date\}[a-z0-9._-]{0,50})?$/,
        'write lower-case letters, digits and ._-, and {date} where the day goes',
      )
      .default('nightshift-logs-{date}')
      .describe('Index or data stream; {date} is the day of the line, as 2026.01.31'),
    ...pushShape,
  })
  .describe('Anything that takes the _bulk requests of Elasticsearch')

const loki = z
  .strictObject({
    url: address('3100'),
    labels: z
      .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/), z.string().max(1024))
      .refine((labels) => Object.keys(labels).length <= 12, 'Loki takes 15 labels, and three are ours: host, source and level')
      .default({})
      .describe('Besides host, source and level'),
    tenant: z.string().min(1).max(150).optional().describe('Sent as X-Scope-OrgID'),
    ...pushShape,
  })
  .describe('Anything that takes the push requests of Loki')

/** Where the lines of a log go, masked. */
export const logShipSchema = z
  .strictObject({
    min_level: logLevelSchema.optional().describe('Only lines of this level and above; without it all'),
    stream: z.boolean().default(false).describe('To the stream LOGS of the bus, where `nightshift logs search` finds them'),
    elasticsearch: elasticsearch.optional(),
    loki: loki.optional(),
  })
  .refine(
    (ship) => ship.stream || ship.elasticsearch !== undefined || ship.loki !== undefined,
    'say where to: stream: true, elasticsearch or loki',
  )

export type LogShipConfig = z.infer<typeof logShipSchema>
export type ElasticsearchConfig = z.infer<typeof elasticsearch>
export type LokiConfig = z.infer<typeof loki>

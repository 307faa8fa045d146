import { z } from 'zod'
import { cadence } from './config/cadence.ts'
import { checksSchema } from './config/checks.ts'
import { groupsSchema } from './config/groups.ts'
import { logsSchema } from './config/logs.ts'
import { metricFileSchema } from './config/metric-file.ts'
import { scrapeSchema } from './config/scrape.ts'
import { securitySchema } from './config/security.ts'

/** The section `collector`. Loads zod: only the config child and the command line may import it, everything else imports the type. */
export const collectorConfigSchema = z
  .strictObject({
    every: cadence().prefault('1s').describe('How often cpu, load, mem, disk and net are read'),
    slow_every: cadence().prefault('10s').describe('How often the other groups are read'),
    groups: groupsSchema.prefault({}),
    checks: checksSchema,
    scrape: scrapeSchema,
    logs: logsSchema,
    security: securitySchema,
    metric_file: metricFileSchema,
  })
  .describe('Metrics of this host, and checks made from it')

export type CollectorConfig = z.infer<typeof collectorConfigSchema>
export type GroupsConfig = CollectorConfig['groups']
export type ScrapeConfig = CollectorConfig['scrape'][string]
export type CheckConfig = CollectorConfig['checks'][string]
export type HttpCheckConfig = Extract<CheckConfig, { kind: 'http' }>
export type ProcessCheckConfig = Extract<CheckConfig, { kind: 'process' }>

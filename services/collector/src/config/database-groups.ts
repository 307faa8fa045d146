import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'
import { connectionShape, isOneAddress, oneAddress } from '../databases/connection-config.ts'
import { groupShape } from './group-shape.ts'

const timeout = duration({ min: 100, max: 60_000 })
  .optional()
  .describe('For one look; the default is 40% of `every`, at least 1s and at most 5s')
const detailEvery = () => duration({ min: 1000, max: 86_400_000 }).prefault('1m').describe('How often sizes and tables are read')
const tables = z.int().min(0).max(100).default(20).describe('So many of the largest tables; 0 for none')

/** A group of servers. Without one it is off, whatever `enabled` says. */
function serverGroup<T extends z.ZodType>(what: string, target: T) {
  return z
    .strictObject({
      ...groupShape,
      targets: z
        .record(configName(), target)
        .refine((targets) => Object.keys(targets).length <= 16, 'at most 16 servers of a kind per collector')
        .default({})
        .describe(`${what} to ask, by a name of yours`),
    })
    .prefault({})
    .transform((group) => ({ ...group, enabled: group.enabled && Object.keys(group.targets).length > 0 }))
}

const postgresTarget = z
  .strictObject({
    ...connectionShape(['postgres', 'postgresql'], 5432),
    timeout,
    slow_statement: duration({ min: 100, max: 86_400_000 }).prefault('30s').describe('A statement that runs longer than this is slow'),
    tables: tables.describe('So many of the largest tables of the database; 0 for none'),
    statements: z
      .int()
      .min(0)
      .max(100)
      .default(20)
      .describe('So many of the costliest statements, where pg_stat_statements is; 0 for none'),
    detail_every: detailEvery(),
  })
  .refine(isOneAddress, oneAddress)

const mysqlTarget = z
  .strictObject({ ...connectionShape(['mysql', 'mariadb'], 3306), timeout, tables, detail_every: detailEvery() })
  .refine(isOneAddress, oneAddress)

const redisTarget = z.strictObject({ ...connectionShape(['redis', 'rediss'], 6379), timeout }).refine(isOneAddress, oneAddress)

const natsTarget = z.strictObject({
  url: z
    .string()
    .max(4096)
    .refine(
      (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
      'write the address of the monitoring port, like http://127.0.0.1:8222',
    )
    .default('http://127.0.0.1:8222')
    .describe('Monitoring port of the server (http_port in its configuration)'),
  insecure: z.boolean().default(false).describe('Do not verify the certificate'),
  timeout,
  streams: z.int().min(0).max(500).default(100).describe('So many of the largest streams; 0 for none'),
  detail_every: detailEvery().describe('How often streams are read'),
})

/** Options of the groups that ask servers: NATS, PostgreSQL, MySQL and MariaDB, Redis. */
export const databaseGroupShapes = {
  postgres: serverGroup('PostgreSQL servers', postgresTarget),
  mysql: serverGroup('MySQL and MariaDB servers', mysqlTarget),
  redis: serverGroup('Redis servers', redisTarget),
  nats: serverGroup('NATS servers', natsTarget),
}

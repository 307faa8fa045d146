import { z } from 'zod'
import { argv, duration, size } from '@nightshift/shared/config/scalars'

const absolutePath = () =>
  z
    .string()
    .max(4096)
    .regex(/^\/[^\0]*$/, 'write the whole path, starting with /')

/** A name that becomes part of a path in the snapshot. */
const fileName = () =>
  z
    .string()
    .regex(/^[^/\0]{1,255}$/, 'is no name of a file; leave out the folder')
    .refine((name) => name !== '.' && name !== '..', 'is no name of a file')

const databaseName = () =>
  z
    .string()
    .max(128)
    .regex(/^[^/\0.][^/\0]*$/, 'is no name of a database')
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is no name of an environment variable')
/** A flag of the program that is called could pose as the name. */
const token = () => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/, 'is no name; it has letters, digits and _ . -')

const dumpShape = {
  timeout: duration({ min: 1000, max: 7 * 86_400_000 })
    .prefault('6h')
    .describe('A dump that takes longer is ended, and there is no snapshot'),
  min_size: size().prefault('1B').describe('A smaller dump is taken for a failed one'),
  shrink_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe('A dump of less than this share of the last one is taken for a failed one; 0 turns that off'),
}

/** How to log in at a database server. */
export function connectionShape(protocols: readonly string[], port: number) {
  const example = `${protocols[0]}://db.example.com:${port}`
  return {
    url: z
      .string()
      .max(4096)
      .refine((text) => protocols.includes(URL.parse(text)?.protocol.slice(0, -1) ?? ''), `write a URL like ${example}`)
      .optional()
      .describe(`Address and login in one, like ${example}; instead of host, port, socket, user and password`),
    host: z.string().min(1).max(253).optional().describe('The default is 127.0.0.1'),
    port: z.int().min(1).max(65_535).optional().describe(`The default is ${port}`),
    socket: absolutePath().optional().describe('Unix socket (PostgreSQL: its folder), instead of host'),
    user: z.string().min(1).max(256).optional(),
    password: z.string().min(1).max(4096).optional(),
  }
}

export interface ConnectionConfig {
  url?: string | undefined
  host?: string | undefined
  port?: number | undefined
  socket?: string | undefined
  user?: string | undefined
  password?: string | undefined
}

export function isOneAddress(config: ConnectionConfig): boolean {
  const { url, host, socket, port, user, password } = config
  if (url !== undefined) return [host, socket, port, user, password].every((value) => value === undefined)
  return host === undefined || socket === undefined
}
export const oneAddress = 'give either url, or host (or socket), port, user and password'

const programs = (names: string) =>
  absolutePath().optional().describe(`Folder of ${names}; the default is PATH, then where distributions put them`)

const directorySchema = z
  .strictObject({
    kind: z.literal('directory'),
    paths: z.array(absolutePath()).min(1).max(256).describe('Folders or files'),
    exclude: z
      .array(z.string().min(1).max(1024))
      .max(1000)
      .default([])
      .describe('Patterns as in .gitignore: `*.tmp`, `/cache/`, `!keep.tmp`'),
    one_file_system: z.boolean().default(false).describe('Stay on the file system of each path'),
    exclude_larger_than: size({ min: 1 }).optional().describe('Leave larger files out'),
    exclude_caches: z.boolean().default(true).describe('Leave out folders that a CACHEDIR.TAG marks as caches'),
    sqlite: z
      .enum(['copy', 'plain'])
      .default('copy')
      .describe('copy: SQLite databases found inside are copied consistently while they are written; plain: as any other file'),
  })
  .describe('Folders and files of this host')

const sqliteSchema = z
  .strictObject({
    kind: z.literal('sqlite'),
    path: absolutePath().describe('The database file'),
    min_size: dumpShape.min_size,
    shrink_ratio: dumpShape.shrink_ratio,
    count_rows: z.boolean().default(true).describe('Count the rows of each table, for drills'),
  })
  .describe('One SQLite database, copied while it is written and checked before it counts')

const tablePattern = (example: string) =>
  z
    .string()
    .max(256)
    .regex(/^[^.\0"]+\.[^.\0"]+$/, `write schema and table, * for any: ${example}`)

const postgresSchema = z
  .strictObject({
    kind: z.literal('postgres'),
    ...connectionShape(['postgres', 'postgresql'], 5432),
    ...dumpShape,
    databases: z
      .union([z.literal('all'), z.array(databaseName()).min(1).max(256)])
      .optional()
      .describe('The default is the one that the url names, else all'),
    exclude_tables: z.array(tablePattern('public.tmp_*')).max(256).default([]).describe('Tables to leave out'),
    exclude_table_data: z.array(tablePattern('audit.*')).max(256).default([]).describe('Tables of which only the definition is kept'),
    globals: z.boolean().default(true).describe('Roles and tablespaces too; without passwords when the user is no superuser'),
    count_rows: z.boolean().default(true).describe('Count the rows of each table in the same snapshot, for drills'),
    bin_dir: programs('pg_dump, pg_restore, psql'),
  })
  .refine(isOneAddress, oneAddress)
  .describe('PostgreSQL: pg_dump in the custom format, and the roles')

const mysqlSchema = z
  .strictObject({
    kind: z.literal('mysql'),
    ...connectionShape(['mysql', 'mariadb'], 3306),
    ...dumpShape,
    databases: z
      .union([z.literal('all'), z.array(databaseName()).min(1).max(256)])
      .optional()
      .describe('The default is the one that the url names, else all'),
    exclude_tables: z.array(tablePattern('shop.sessions')).max(256).default([]).describe('Tables to leave out, with their database'),
    users: z.boolean().default(true).describe('Users and grants too, where we may read them'),
    count_rows: z.boolean().default(true).describe('Count the rows of each table in the dump, for drills'),
    bin_dir: programs('mysqldump or mariadb-dump, mysql or mariadb'),
  })
  .refine(isOneAddress, oneAddress)
  .describe('MySQL or MariaDB: mysqldump in one transaction, with routines, events and triggers')

const redisSchema = z
  .strictObject({
    kind: z.literal('redis'),
    ...connectionShape(['redis'], 6379),
    ...dumpShape,
    bin_dir: programs('redis-check-rdb and redis-server'),
  })
  .refine(isOneAddress, oneAddress)
  .describe('Redis: an RDB file, taken over the connection as a replica does')

const commandSchema = z
  .strictObject({
    kind: z.literal('command'),
    ...dumpShape,
    argv: argv(),
    file_name: fileName().default('output').describe('Name of the file in the snapshot: /command/<file_name>'),
    cwd: absolutePath().default('/'),
    env: z.record(variable, z.string().max(8192)).default({}).describe('Variables to set'),
    pass_env: z.array(variable).max(64).default([]).describe('Variables of the service to pass on, besides PATH, HOME, TMPDIR and TZ'),
  })
  .describe('What a program prints, run without a shell. It must end with exit code 0')

const presetShape = {
  ...dumpShape,
  preset: z.enum(['postgres', 'mysql', 'redis']).optional().describe('How to dump the database inside; or give argv'),
  argv: argv().optional().describe('Program inside, whose output is kept; or give preset'),
  file_name: fileName().default('output').describe('With argv: name of the file in the snapshot'),
  databases: z.array(databaseName()).min(1).max(256).optional().describe('With preset postgres or mysql: the default is all'),
  user: z
    .string()
    .regex(/^[A-Za-z0-9_][^\s\0]{0,127}$/)
    .optional()
    .describe('User of the database; the default is postgres, or root'),
  password: z.string().min(1).max(4096).optional(),
}
const oneWay = ({ preset, argv: program }: { preset?: unknown; argv?: unknown }): boolean =>
  (preset === undefined) !== (program === undefined)
const oneWayText = 'give either preset or argv'

const dockerSchema = z
  .strictObject({ kind: z.literal('docker'), container: token().describe('Name or id'), docker: absolutePath().optional(), ...presetShape })
  .refine(oneWay, oneWayText)
  .describe('A dump taken inside a container, through docker exec')

const kubernetesSchema = z
  .strictObject({
    kind: z.literal('kubernetes'),
    pod: z
      .string()
      .regex(
        /^(?:(?:pod|deployment|deploy|statefulset|sts|service|svc)\/)?[a-z0-9][a-z0-9.-]{0,252}$/,
        'write a pod, or deployment/NAME, statefulset/NAME',
      )
      .describe('Pod, or deployment/NAME, statefulset/NAME'),
    namespace: token().default('default'),
    container: token().optional(),
    context: z
      .string()
      .regex(/^[^-\s\0][^\s\0]{0,252}$/)
      .optional(),
    kubeconfig: absolutePath().optional(),
    kubectl: absolutePath().optional(),
    ...presetShape,
  })
  .refine(oneWay, oneWayText)
  .describe('A dump taken inside a pod, through kubectl exec')

const natsName = () => z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, 'is no name of a stream or bucket')
const natsSchema = z
  .strictObject({
    kind: z.literal('nats'),
    servers: z.array(z.string().min(1).max(1024)).min(1).max(32).optional().describe('The default is the connection of the service'),
    user: z.string().min(1).max(256).optional(),
    password: z.string().min(1).max(4096).optional(),
    creds_file: absolutePath().optional(),
    streams: z
      .union([z.literal('all'), z.array(natsName()).max(256)])
      .default([])
      .describe('Streams'),
    buckets: z
      .union([z.literal('all'), z.array(natsName()).max(256)])
      .default([])
      .describe('Buckets of KV, with their history'),
    consumers: z.boolean().default(true).describe('Keep the configuration of durable consumers'),
    timeout: dumpShape.timeout,
    shrink_ratio: z.number().min(0).max(1).default(0).describe('Streams forget by their own rules, so that is off'),
  })
  .refine(
    ({ streams, buckets }) => streams === 'all' || buckets === 'all' || streams.length + buckets.length > 0,
    'name streams or buckets',
  )
  .describe('Messages of NATS streams and values of KV buckets')

/** What a job backs up. */
export const sourceSchema = z.discriminatedUnion('kind', [
  directorySchema,
  sqliteSchema,
  postgresSchema,
  mysqlSchema,
  redisSchema,
  commandSchema,
  dockerSchema,
  kubernetesSchema,
  natsSchema,
])
export type SourceConfig = z.infer<typeof sourceSchema>
export type SourceKind = SourceConfig['kind']
export type SourceConfigOf<K extends SourceKind> = Extract<SourceConfig, { kind: K }>

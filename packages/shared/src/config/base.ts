import { z } from 'zod'
import { duration, size } from './scalars.ts'

const port = z.int().min(0).max(65_535)

/** How to reach the bus. Exactly one way to log in: creds_file, nkey, or user and password; none for an open server. */
export const natsConfigSchema = z
  .strictObject({
    servers: z.array(z.string().min(1)).min(1).max(32).default(['nats://127.0.0.1:4222']).describe('Any of them will do; all of one cluster'),
    creds_file: z.string().optional().describe('A .creds file (JWT and seed)'),
    nkey: z.string().optional().describe('An nkey seed (SU...), or nkey_file'),
    user: z.string().optional(),
    password: z.string().optional(),
    tls: z
      .strictObject({
        ca_file: z.string().optional(),
        cert_file: z.string().optional(),
        key_file: z.string().optional(),
      })
      .optional(),
  })
  .describe('How to reach the bus')

/** Bounds of the streams, and how many servers keep a copy. Used by `up` and `bootstrap`. */
export const streamsConfigSchema = z
  .strictObject({
    replicas: z.int().min(1).max(5).default(1),
    metrics: z
      .strictObject({ max_age: duration().prefault('6h'), max_bytes: size().prefault('512MiB'), storage: z.enum(['file', 'memory']).default('file') })
      .prefault({}),
    events: z.strictObject({ max_age: duration().prefault('30d'), max_bytes: size().prefault('1GiB') }).prefault({}),
    logs: z.strictObject({ max_age: duration().prefault('7d'), max_bytes: size().prefault('1GiB') }).prefault({}),
    audit: z.strictObject({ max_age: duration().prefault('365d'), max_bytes: size().prefault('512MiB') }).prefault({}),
    dead: z.strictObject({ max_age: duration().prefault('30d'), max_bytes: size().prefault('256MiB') }).prefault({}),
  })
  .describe('Bounds of the streams')

/** What every service reads, whatever else it is. */
export const baseConfigSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this file format'),
  host: z.string().min(1).max(253).optional().describe('Name of this host; the default is what the system calls itself'),
  namespace: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'use a-z, 0-9 and -, starting with a letter').default('ops').describe('First token of every subject'),
  locale: z.enum(['en', 'ko']).default('en'),
  state_dir: z.string().optional().describe('Folder for spools and state; the default is ./data/<service>'),
  nats: natsConfigSchema.prefault({}),
  streams: streamsConfigSchema.prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warning', 'error', 'critical']).default('info') }).prefault({}),
  http: z
    .strictObject({
      address: z.string().default('127.0.0.1').describe('Where /livez, /readyz, /metrics and the console listen'),
      port: port.optional().describe('The default is the port of the service'),
    })
    .prefault({}),
})

export type BaseConfig = z.infer<typeof baseConfigSchema>
export type NatsConfig = BaseConfig['nats']
export type StreamsConfig = BaseConfig['streams']

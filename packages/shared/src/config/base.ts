import { z } from 'zod'
import type { ConfigPath } from './config-path.ts'
import { duration, size, timeZone } from './scalars.ts'

const port = z.int().min(0).max(65_535)
const mebibyte = 1024 ** 2

const serverUrl = z
  .string()
  .min(1)
  .superRefine((address, context) => {
    const refuse = (message: string, hint: string) => context.addIssue({ code: 'custom', message, params: { hint } })
    const parts = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:(.*)@)?(\[[0-9a-f:.%]+\]|[^\s:/@]+)(?::(\d{1,5}))?\/?$/i.exec(address)
    if (parts?.[2] !== undefined) refuse('holds a login, which would not be used', 'put it into nats.user and nats.password')
    else if (parts === null) refuse('is not the address of a NATS server', 'write for example nats://nats.example.com:4222')
    else if (!['nats', 'tls', undefined].includes(parts[1])) refuse(`${parts[1]}:// is not supported`, 'write nats:// or tls://')
    else if (Number(parts[4] ?? 1) < 1 || Number(parts[4] ?? 1) > 65_535)
      refuse(`port ${parts[4]} does not exist`, 'ports go from 1 to 65535')
  })
  .meta({ examples: ['nats://127.0.0.1:4222', 'tls://nats.example.com:4222'] })

const tlsSchema = z
  .strictObject({
    ca_file: z.string().min(1).optional().describe('Certificates of the authorities to trust, PEM; the default is those of the system'),
    cert_file: z.string().min(1).optional().describe('Own certificate, PEM; with key_file'),
    key_file: z.string().min(1).optional().describe('Key of the own certificate, PEM'),
  })
  .superRefine(
    (tls, context) => {
      const missing = tls?.cert_file === undefined ? 'cert_file' : 'key_file'
      if ((tls?.cert_file === undefined) === (tls?.key_file === undefined)) return
      const given = missing === 'cert_file' ? 'key_file' : 'cert_file'
      context.addIssue({
        code: 'custom',
        path: [given],
        message: `is of no use without ${missing}`,
        params: { hint: `add ${missing}, or remove ${given}` },
      })
    },
    { when: isMapping },
  )

/** How to reach the bus. At most one way to log in: creds_file, nkey, or user and password; none for an open server. */
export const natsConfigSchema = z
  .strictObject({
    servers: z.array(serverUrl).min(1).max(32).default(['nats://127.0.0.1:4222']).describe('Servers of one cluster; any of them will do'),
    creds_file: z.string().min(1).optional().describe('Log in with a .creds file (JWT and seed)'),
    nkey: z
      .string()
      .regex(/^SU[A-Z2-7]{56}$/, 'is not the seed of a user; it has 58 characters and begins with SU')
      .optional()
      .describe('Log in with the seed of an nkey (SU…)'),
    user: z.string().min(1).optional().describe('Log in with a user name; with password'),
    password: z.string().min(1).optional().describe('Password of the user'),
    tls: tlsSchema.optional().describe('TLS; without it, TLS is used when the server asks for it, with the authorities of the system'),
  })
  .superRefine(
    (nats, context) => {
      const ways = (['creds_file', 'nkey', 'user'] as const).filter((key) => nats?.[key] !== undefined)
      const refuse = (key: string, message: string, hint: string) =>
        context.addIssue({ code: 'custom', path: [key], message, params: { hint } })
      for (const key of ways.slice(1))
        refuse(key, `is a second way to log in beside ${ways[0]}`, 'keep one of creds_file, nkey, or user with password')
      if (ways.length === 1 && nats?.user !== undefined && nats.password === undefined)
        refuse('user', 'needs a password', 'add password, or password_file')
      if (nats?.user === undefined && nats?.password !== undefined) refuse('password', 'needs a user', 'add user')
    },
    { when: isMapping },
  )
  .describe('How to reach the bus')

/** Checks across keys run beside other errors, on whatever was written. */
function isMapping(payload: { value: unknown }): boolean {
  return typeof payload.value === 'object' && payload.value !== null
}

/** A stream drops its oldest messages at whichever bound it meets first. */
const bounds = (maxAge: string, maxBytes: string) => ({
  max_age: duration({ min: 60_000 }).prefault(maxAge).describe('Messages older than this are dropped'),
  max_bytes: size({ min: mebibyte }).prefault(maxBytes).describe('When the stream is larger, its oldest messages are dropped'),
})

/** Bounds of the streams, and how many servers keep a copy. Used by `up` and `bootstrap`. */
export const streamsConfigSchema = z
  .strictObject({
    replicas: z.int().min(1).max(5).default(1).describe('Servers that keep a copy; 3 in a cluster'),
    metrics: z
      .strictObject({
        ...bounds('6h', '512MiB'),
        storage: z.enum(['file', 'memory']).default('file').describe('memory for very large fleets'),
      })
      .prefault({})
      .describe('Metrics, check results, heartbeats'),
    events: z.strictObject(bounds('30d', '1GiB')).prefault({}).describe('Transitions: health, alerts, heals, notifications'),
    logs: z.strictObject(bounds('7d', '1GiB')).prefault({}).describe('Error groups and shipped log lines'),
    audit: z.strictObject(bounds('365d', '512MiB')).prefault({}).describe('Who did what'),
    dead: z.strictObject(bounds('30d', '256MiB')).prefault({}).describe('What could not be processed, with the reason'),
  })
  .describe('Bounds of the streams; used by up and bootstrap')

/** What only `nightshift up` reads; its flags win. */
export const upConfigSchema = z
  .strictObject({
    data: z.string().min(1).default('./data').describe('Folder of the broker and of all state'),
    nats_listen: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Where the embedded broker listens; 0.0.0.0 lets collectors on other hosts join'),
    nats_port: port.default(4222).describe('Port of the embedded broker: the next free one when it is taken, 0 for any'),
    nats_server: z.string().min(1).optional().describe('The nats-server program; the default is the one that is found'),
    console_port: port.default(8484).describe('Port of the console: the next free one when it is taken, 0 for any'),
    open: z.boolean().default(true).describe('Open the console in a browser'),
  })
  .describe('The all-in-one mode, nightshift up')

/** What every service reads, whatever else it is. */
export const baseConfigSchema = z.strictObject({
  version: z.literal(1, { error: 'must be 1, the only version of this file so far' }).default(1).describe('Version of this file format'),
  host: z
    .string()
    .regex(/^\S{1,253}$/, 'must be a host name of at most 253 characters without blanks')
    .optional()
    .describe('Name of this host; the default is what the system calls itself'),
  namespace: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9 and -, beginning with a letter')
    .default('ops')
    .describe('First token of every subject'),
  locale: z.enum(['en', 'ko']).default('en').describe('Language of messages and reports'),
  timezone: timeZone().optional().describe('IANA name, for example Asia/Seoul; the default is that of the machine'),
  state_dir: z.string().min(1).optional().describe('Folder for spools and state; the default is ./data/<service>'),
  nats: natsConfigSchema.prefault({}),
  streams: streamsConfigSchema.prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warning', 'error', 'critical']).default('info').describe('The least severe lines that are written'),
    })
    .prefault({})
    .describe('What the services write about themselves'),
  http: z
    .strictObject({
      address: z.string().min(1).default('127.0.0.1').describe('Where /livez, /readyz, /metrics and the console listen'),
      port: port.optional().describe('The default is the port of the service; up uses up.console_port'),
    })
    .prefault({})
    .describe('The HTTP port of a service that runs alone'),
  up: upConfigSchema.prefault({}),
})

/** Files that the base names. They must be readable; relative paths start at the folder of the configuration file. */
export const baseFilePaths: readonly ConfigPath[] = [
  ['nats', 'creds_file'],
  ['nats', 'tls', 'ca_file'],
  ['nats', 'tls', 'cert_file'],
  ['nats', 'tls', 'key_file'],
]

export type BaseConfig = z.infer<typeof baseConfigSchema>
export type NatsConfig = BaseConfig['nats']
export type StreamsConfig = BaseConfig['streams']

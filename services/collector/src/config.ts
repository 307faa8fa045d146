import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'

/** The section `collector`. Loads zod: only the config child and the command line may import it, everything else imports the type. */

const cadence = () => duration({ min: 250, max: 3_600_000 })

const groupShape = {
  enabled: z.boolean().default(true),
  every: cadence().optional().describe('How often; the default is `collector.every`'),
}
const excluded = (what: string, names: string[]) => z.array(z.string().min(1).max(1024)).max(256).default(names).describe(what)

const groupSchema = z.strictObject(groupShape).prefault({})
const groupsSchema = z
  .strictObject({
    cpu: groupSchema,
    load: groupSchema,
    mem: groupSchema,
    fs: z
      .strictObject({
        ...groupShape,
        network_mounts: z.boolean().default(false).describe('Also NFS, SMB and the like; one that hangs is reported as stale'),
        exclude: excluded('Mount points to leave out; * stands for anything', []),
      })
      .prefault({}),
    disk: z.strictObject({ ...groupShape, exclude: excluded('Devices to leave out; * stands for anything', []) }).prefault({}),
    net: z
      .strictObject({
        ...groupShape,
        exclude: excluded('Interfaces to leave out; * stands for anything', ['veth*', 'cali*', 'lxc*', 'ifb*', 'dummy*']),
      })
      .prefault({}),
  })
  .describe('Metric groups of the host')

const checkShape = {
  every: cadence().prefault('10s'),
  timeout: duration({ min: 50, max: 300_000 }).optional().describe('The default is 5s, or `every` when that is shorter'),
  failures: z.int().min(1).max(100).default(3).describe('So many failed runs in a row make it failing'),
  successes: z.int().min(1).max(100).default(1).describe('So many good runs in a row make it ok'),
}

const status = z.int().min(100).max(599)
const statusRange = z
  .union([status, z.string().regex(/^[1-5]\d\d-[1-5]\d\d$/, 'write one status, or a range like 200-299')])
  .transform((value): [from: number, to: number] =>
    typeof value === 'number' ? [value, value] : [Number(value.slice(0, 3)), Number(value.slice(4))],
  )
  .refine(([from, to]) => from <= to, 'write the lower status first, like 200-299')

const httpCheckSchema = z.strictObject({
  ...checkShape,
  kind: z.literal('http'),
  url: z.string().max(4096).refine(isHttpUrl, 'write a URL that starts with http:// or https://'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  headers: z
    .record(
      z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/),
      z
        .string()
        .max(8192)
        .regex(/^[^\r\n\0]*$/),
    )
    .default({}),
  body: z
    .union([z.string().max(65_536), z.record(z.string(), z.unknown())])
    .optional()
    .describe('Text as it is, or an object that is sent as JSON'),
  expect_status: z
    .union([statusRange.transform((range) => [range]), z.array(statusRange).min(1).max(64)])
    .prefault(['200-399'])
    .describe('A status, a range, or a list of them'),
  contains: z.string().min(1).max(4096).optional().describe('Text that must stand in the first 1 MiB of the answer'),
  max_latency: duration({ min: 1, max: 300_000 }).optional().describe('Slower than this is a failure'),
  follow_redirects: z.boolean().default(true).describe('Up to 5; false judges the redirect itself'),
  insecure: z.boolean().default(false).describe('Do not verify the certificate'),
})

const tcpCheckSchema = z.strictObject({
  ...checkShape,
  kind: z.literal('tcp'),
  host: z.string().min(1).max(253).default('127.0.0.1'),
  port: z.int().min(1).max(65_535),
})

const processCheckSchema = z
  .strictObject({
    ...checkShape,
    kind: z.literal('process'),
    name: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Name of the program: what the kernel calls it, or the file name in its command line'),
    command: z
      .union([
        z
          .string()
          .min(1)
          .max(1024)
          .transform((text) => [text]),
        z.array(z.string().min(1).max(1024)).min(1).max(16),
      ])
      .optional()
      .describe('Text, or several, that must all stand in the command line'),
    pid_file: z.string().startsWith('/', 'write the whole path, starting with /').max(4096).optional(),
    min_count: z.int().min(1).max(10_000).default(1).describe('So many must run'),
  })
  .refine(
    (check) => check.name !== undefined || check.command !== undefined || check.pid_file !== undefined,
    'say which process: name, command or pid_file',
  )

const checkSchema = z.discriminatedUnion('kind', [httpCheckSchema, tcpCheckSchema, processCheckSchema])

export const collectorConfigSchema = z
  .strictObject({
    every: cadence().prefault('1s').describe('How often the groups are read'),
    groups: groupsSchema.prefault({}),
    checks: z
      .record(configName(), checkSchema)
      .refine((checks) => Object.keys(checks).length <= 500, 'at most 500 checks per collector')
      .default({}),
  })
  .describe('Metrics of this host, and checks made from it')

export type CollectorConfig = z.infer<typeof collectorConfigSchema>
export type GroupsConfig = CollectorConfig['groups']
export type CheckConfig = CollectorConfig['checks'][string]
export type HttpCheckConfig = Extract<CheckConfig, { kind: 'http' }>
export type TcpCheckConfig = Extract<CheckConfig, { kind: 'tcp' }>
export type ProcessCheckConfig = Extract<CheckConfig, { kind: 'process' }>

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}

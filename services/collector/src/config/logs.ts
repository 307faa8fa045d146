import { z } from 'zod'
import { configName, size } from '@nightshift/shared/config/scalars'
import { cadence } from './cadence.ts'
import { logAnalysisShape } from './log-analysis.ts'
import { logShipSchema } from './log-ship.ts'

const path = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, 'write the whole path, from / on')
const names = z.array(z.string().min(1).max(256)).min(1).max(256)

const docker = z.strictObject({
  containers: names.default(['*']).describe('Their names; * stands for anything'),
  exclude: z.array(z.string().min(1).max(256)).max(256).default([]),
  root: path.default('/var/lib/docker/containers').describe('Folder of the containers, where Docker keeps their json-file logs'),
})

const cri = z.strictObject({
  namespaces: names.default(['*']),
  pods: names.default(['*']),
  containers: names.default(['*']),
  exclude: z.array(z.string().min(1).max(256)).max(256).default([]).describe('Containers that are left out'),
  root: path.default('/var/log/pods').describe('Folder of the pods: <namespace>_<pod>_<uid>/<container>/<n>.log'),
})

const journald = z.strictObject({
  units: z.array(z.string().min(1).max(256)).max(64).default([]).describe('Only these; without units and identifiers everything'),
  identifiers: z.array(z.string().min(1).max(256)).max(64).default([]).describe('SYSLOG_IDENTIFIERs'),
  directory: path.optional().describe('Folder of the journal, when it is not the one of this machine'),
  program: path.optional().describe('journalctl, when it is not in PATH'),
})

const kinds = ['files', 'docker', 'cri', 'journald'] as const

const logSchema = z
  .strictObject({
    files: z.array(path).min(1).max(64).optional().describe('Paths and patterns: *, ?, [abc], and ** for folders'),
    docker: docker.optional().describe('Containers of Docker that log by its json-file driver'),
    cri: cri.optional().describe('Containers of Kubernetes'),
    journald: journald.optional().describe('The journal of systemd'),
    exclude: z
      .array(z.string().min(1).max(4096))
      .max(64)
      .default([])
      .describe('Files that are left out; names or whole paths, * stands for anything'),
    start_at: z.enum(['end', 'beginning']).default('end').describe('Where to begin when a log is seen for the first time'),
    max_line_bytes: size({ min: 256, max: 1024 * 1024 })
      .prefault('64KiB')
      .describe('Longer lines are cut'),
    every: cadence().optional().describe('How often its numbers are published; the default is `collector.slow_every`'),
    ship: logShipSchema.optional().describe('Send the lines, masked'),
    ...logAnalysisShape,
  })
  .refine(
    (log) => kinds.filter((kind) => log[kind] !== undefined).length === 1,
    `say where its lines come from: one of ${kinds.join(', ')}`,
  )
  .superRefine((log, context) => {
    if (log.format === 'pattern' && log.pattern === undefined)
      context.addIssue({
        code: 'custom',
        path: ['pattern'],
        message: 'is missing; with format: pattern write for example "%{IP:client} %{GREEDYDATA:message}"',
      })
    if (log.format !== 'pattern' && log.pattern !== undefined)
      context.addIssue({ code: 'custom', path: ['pattern'], message: 'is used with format: pattern only' })
  })

export const logsSchema = z
  .record(configName(), logSchema)
  .refine((logs) => Object.keys(logs).length <= 64, 'at most 64 logs per collector')
  .default({})
  .describe('Logs that are read, by name')

export type LogConfig = z.infer<typeof logSchema>

import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { compileLinePattern, compileSearchPattern } from '../logs/analysis/patterns/line-pattern.ts'

const logFormats = [
  'auto',
  'json',
  'pino',
  'logfmt',
  'combined',
  'nginx',
  'apache',
  'syslog',
  'auth',
  'journald',
  'postgres',
  'redis',
  'uvicorn',
  'python',
  'pattern',
  'plain',
] as const

const fieldName = () => z.string().min(1).max(128).optional()
const fieldNames = z
  .strictObject({
    level: fieldName(),
    time: fieldName(),
    message: fieldName(),
    method: fieldName(),
    path: fieldName(),
    status: fieldName(),
    duration: fieldName(),
    client: fieldName(),
    bytes: fieldName(),
    request_id: fieldName(),
    logger: fieldName(),
    error_type: fieldName(),
    stack: fieldName(),
    user: fieldName(),
  })
  .default({})
  .describe('Under which key of a JSON or logfmt line it stands; a dot leads into an object. Asked before the names that loggers use')

const patternSource = z.string().min(1).max(4096)
const searchPattern = patternSource.superRefine((source, context) => {
  const compiled = compileSearchPattern(source)
  if ('problem' in compiled) context.addIssue({ code: 'custom', message: compiled.problem })
})

const masking = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Secrets, tokens, card numbers and e-mail addresses are masked before anything leaves the host'),
    emails: z.boolean().default(true).describe('Mask e-mail addresses too'),
    patterns: z.array(searchPattern).max(32).default([]).describe('Regular expressions of what else is masked'),
    allow: z.array(searchPattern).max(32).default([]).describe('What one of these matches as a whole is not masked'),
  })
  .prefault({})

const auth = z
  .strictObject({
    failures: z
      .int()
      .min(2)
      .max(4096)
      .default(10)
      .describe('Failed logins from one address within the window that are a burst; five times as many from anywhere are one too'),
    window: duration({ min: 10_000, max: 86_400_000 }).prefault('5m'),
  })
  .prefault({})

/** What each entry of `collector.logs` says about the meaning of its lines. */
export const logAnalysisShape = {
  format: z.enum(logFormats).default('auto').describe('auto looks at the first lines'),
  pattern: patternSource
    .superRefine((source, context) => {
      const compiled = compileLinePattern(source)
      if ('problem' in compiled) context.addIssue({ code: 'custom', message: compiled.problem })
    })
    .optional()
    .describe(
      'With `format: pattern`: a regular expression with named groups from the start of the line; %{IP:client} stands for a ready-made one',
    ),
  fields: fieldNames,
  duration_unit: z
    .enum(['s', 'ms', 'us', 'ns'])
    .optional()
    .describe('Of lengths of time that do not say theirs; ms for JSON, unread for access logs'),
  slow_request: duration({ min: 1, max: 3_600_000 }).prefault('1s').describe('A request that takes longer is slow'),
  top: z.int().min(1).max(100).default(20).describe('How many endpoints, client addresses and error groups are sent'),
  group_from: z.enum(['warning', 'error', 'critical']).default('error').describe('Lines from this level on are gathered in error groups'),
  repeat: duration({ min: 10_000, max: 86_400_000 })
    .prefault('5m')
    .describe('How often a group, a slow endpoint or a burst that goes on is said again'),
  addresses: z.enum(['keep', 'truncate']).default('keep').describe('truncate: client addresses to /24 and /48'),
  auth,
  masking,
}

const logAnalysisSchema = z.object(logAnalysisShape)
export type LogAnalysisConfig = z.infer<typeof logAnalysisSchema>
export type LogFormat = (typeof logFormats)[number]
export type LogFieldNames = z.infer<typeof fieldNames>

import { z } from 'zod'
import { configName, duration } from '@nightshift/shared/config/scalars'
import { healthStates } from '@nightshift/shared/events/health'
import { occasions } from '../../group/group.ts'
import { parseMatcher } from '../../silence/matcher.ts'
import { parseSeries } from './series-notation.ts'

const host = () => z.string().min(1).max(253)
const severity = () => z.enum(['info', 'warning', 'critical'])
const at = () => duration({ max: 30 * 86_400_000 }).prefault('0s')

const seriesSchema = z.strictObject({
  host: host(),
  metric: z
    .string()
    .regex(/^[a-z][a-z0-9_-]*\.[A-Za-z_][A-Za-z0-9_:.]*$/, 'is not the name of a metric; write <group>.<field>, as in rules')
    .describe('`<group>.<field>`, as in rules'),
  labels: z.record(z.string().min(1).max(128), z.string().max(1024)).default({}),
  values: z
    .string()
    .max(100_000)
    .transform((text, context) => {
      try {
        return parseSeries(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
        return z.NEVER
      }
    }),
})

const checkSchema = z.strictObject({
  host: host(),
  check: configName(),
  states: z.record(z.string(), z.enum(healthStates)).describe('When it changes to what: `{2m: failing, 10m: ok}`'),
  error: z.string().max(2000).default('connection refused'),
})

const silentSchema = z.strictObject({ host: host(), from: at(), to: at().optional() })

const silenceSchema = z.strictObject({
  at: at(),
  matchers: z
    .array(
      z.string().transform((text, context) => {
        const matcher = parseMatcher(text)
        if (matcher !== undefined) return matcher
        context.addIssue({ code: 'custom', message: `"${text}" matches nothing; write NAME=VALUE or NAME!=VALUE, for example host=db-*` })
        return z.NEVER
      }),
    )
    .min(1),
  for: duration(),
})

const ackSchema = z.strictObject({ at: at(), rule: z.string(), host: host().optional(), actor: z.string().default('somebody') })

const alertSchema = z.strictObject({
  rule: z.string(),
  host: host().nullable().optional(),
  labels: z.record(z.string(), z.string()).optional().describe('These, and maybe others'),
  phase: z.enum(['pending', 'firing']).optional(),
  severity: severity().optional(),
  summary: z.string().optional().describe('A part of it'),
  muted: z
    .union([z.literal(false), z.string()])
    .optional()
    .describe('inhibited, silenced, window...'),
  acked: z
    .union([z.literal(false), z.string()])
    .optional()
    .describe('By whom'),
})

const messageSchema = z.strictObject({
  channel: z.string().optional(),
  occasion: z.enum(occasions).optional(),
  route: z.string().optional(),
  severity: severity().optional().describe('The worst that fires'),
  firing: z.int().optional(),
  resolved: z.int().optional(),
  contains: z.union([z.string().transform((one) => [one]), z.array(z.string())]).optional(),
})

const expectationSchema = z.strictObject({
  at: at(),
  alerts: z.array(alertSchema).optional().describe('All that are pending or firing then, each by what is given'),
  messages: z.array(messageSchema).optional().describe('All that were sent since the last expectation, in their order'),
  others: z.boolean().default(false).describe('There may be more than these'),
})

const testSchema = z.strictObject({
  name: z.string().min(1).max(200),
  start: z.iso.datetime().default('2026-01-05T00:00:00Z').describe('A Monday'),
  interval: duration({ min: 100, max: 86_400_000 }).prefault('1m').describe('Between two samples of each series'),
  series: z.array(seriesSchema).max(1000).default([]),
  checks: z.array(checkSchema).max(1000).default([]),
  silent: z
    .array(silentSchema)
    .max(100)
    .default([])
    .describe('Hosts whose collectors say nothing for a while; without any, no host is missed whatever its series do'),
  silences: z.array(silenceSchema).max(100).default([]),
  acks: z.array(ackSchema).max(100).default([]),
  expect: z.array(expectationSchema).min(1, 'a test that expects nothing cannot fail').max(1000),
})

/** A file of `nightshift rules test`. */
export const scenarioFileSchema = z.strictObject({
  config: z.string().min(1).optional().describe('The configuration whose rules are tested, seen from this file'),
  tests: z.array(testSchema).min(1).max(500),
})

export type ScenarioFile = z.infer<typeof scenarioFileSchema>
export type Scenario = z.infer<typeof testSchema>
export type ExpectedAlert = z.infer<typeof alertSchema>
export type ExpectedMessage = z.infer<typeof messageSchema>

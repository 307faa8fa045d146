import { referencesExist, type CrossCheck } from '@nightshift/shared/config/cross-check'
import { didYouMean } from '@nightshift/shared/config/did-you-mean'
import { argv, configName, duration, quantity, size } from '@nightshift/shared/config/scalars'
import { findMetric, listMetrics } from '@nightshift/shared/metrics/catalogue'
import { z } from 'zod'

/** Sections as the services have them, but smaller: the loader is tested here, not their schemas. */
const checkShape = {
  every: duration({ min: 250, max: 3_600_000 }).prefault('10s').describe('How often'),
  timeout: duration({ min: 50 }).optional(),
  failures: z.int().min(1).max(100).default(3),
  successes: z.int().min(1).max(100).default(1),
}
const checkSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...checkShape,
    kind: z.literal('http'),
    url: z.string().refine((text) => /^https?:/.test(text), 'write a URL that starts with http:// or https://'),
    method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    expect_status: z.union([z.int().min(100).max(599), z.array(z.int().min(100).max(599))]).default(200),
    contains: z.string().optional(),
    max_latency: duration().optional(),
    follow_redirects: z.boolean().default(true),
    insecure: z.boolean().default(false),
  }),
  z.strictObject({ ...checkShape, kind: z.literal('tcp'), host: z.string().min(1).default('127.0.0.1'), port: z.int().min(1).max(65_535) }),
  z.strictObject({ ...checkShape, kind: z.literal('process'), name: z.string().min(1) }),
])

const collector = z
  .strictObject({
    every: duration({ min: 250, max: 3_600_000 }).prefault('1s').describe('How often the groups are read'),
    checks: z.record(configName(), checkSchema).default({}),
  })
  .describe('Metrics of this host, and checks made from it')

const channelSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('log') }),
  z.strictObject({
    kind: z.literal('webhook'),
    url: z
      .string()
      .refine((text) => URL.canParse(text), 'is not the address of a web server; write a URL that starts with https:// or http://'),
    hmac_secret: z.string().min(1).optional(),
    timeout: duration().prefault('5s'),
  }),
])

const alerter = z.strictObject({
  channels: z.record(configName(), channelSchema).default({ log: { kind: 'log' } }),
  rules: z
    .record(
      configName(),
      z.strictObject({
        metric: z.string(),
        above: quantity(),
        for: duration().prefault('0s'),
        severity: z.enum(['warning', 'critical']).default('warning'),
        channels: z.array(z.string()).default([]),
      }),
    )
    .default({}),
  history: size({ min: 1024, max: 1024 ** 3 }).prefault('16MiB'),
})

const healer = z.strictObject({
  playbooks: z
    .record(
      configName(),
      z.strictObject({ when: z.strictObject({ check: configName() }), run: argv(), attempts: z.int().min(1).max(10).default(3) }),
    )
    .default({}),
})

const reporter = z.strictObject({
  title: z.string().min(1).max(80).default('Nightshift'),
  keep_events: z.int().min(10).max(5000).default(500),
})

export const sampleSections = { collector, alerter, healer, reporter }

const metricsExist: CrossCheck = (view) => {
  const names = listMetrics().map((metric) => `${metric.group}.${metric.field}`)
  return view.find('alerter.rules.*.metric').flatMap(({ path, value }) => {
    if (typeof value !== 'string' || findMetric(value) !== undefined) return []
    return [{ path, message: `there is no metric "${value}"`, hint: didYouMean(value, names) ?? 'docs/metrics.md lists them all' }]
  })
}

export const sampleCrossChecks: CrossCheck[] = [
  metricsExist,
  referencesExist({ from: ['healer.playbooks.*.when.check'], to: 'collector.checks', what: 'check' }),
  referencesExist({ from: ['alerter.rules.*.channels.*'], to: 'alerter.channels', what: 'channel' }),
]

import { z } from 'zod'
import { configName, duration, size } from '@nightshift/shared/config/scalars'
import { Pattern } from '@nightshift/shared/pattern/pattern'
import { parseJsonPath } from '../scrape/json-path.ts'
import { exclusion } from '../globs/exclusion.ts'
import { cadence } from './cadence.ts'

const metricName = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'write the name of a metric, for example requests_total')
const labelName = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'write the name of a label, for example path')
const globs = () => z.array(z.string().min(1).max(256)).min(1).max(256)
const file = () => z.string().startsWith('/', 'write the whole path, starting with /').max(4096)
const targetUrl = () =>
  z
    .string()
    .max(4096)
    .refine(isPageUrl, 'write a URL that starts with http:// or https://, without user and password: those go under basic_auth')

const relabelSchema = z
  .strictObject({
    action: z.enum(['replace', 'keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep', 'lowercase', 'uppercase']).default('replace'),
    source_labels: z.array(labelName).max(16).default([]),
    separator: z.string().max(16).default(';'),
    regex: z
      .string()
      .max(1024)
      .superRefine(checked((text) => new Pattern(text)))
      .default('(.*)')
      .describe('Matches the whole text; no look-around, no back-references'),
    target_label: z.string().min(1).max(128).optional(),
    replacement: z.string().max(1024).default('$1'),
  })
  .refine(({ action, target_label }) => !['replace', 'lowercase', 'uppercase'].includes(action) || target_label !== undefined, {
    path: ['target_label'],
    message: 'is missing; say which label to write to',
  })

const matchSchema = z
  .record(
    labelName,
    z.union([
      z
        .string()
        .max(253)
        .transform((one) => [one]),
      z.array(z.string().max(253)).min(1).max(64),
    ]),
  )
  .default({})
  .describe('Only series with such labels; * stands for anything, a leading ! excludes')

const ratioPartSchema = z.strictObject({ metric: metricName, match: matchSchema })

const valueSchema = z.strictObject({
  path: jsonPath().describe('Where it stands: usage.cost, data[0].value, models[*].cost'),
  labels: z.record(labelName, jsonPath()).default({}).describe('Label: path from what the last [*] passes through; $key is its key'),
  kind: z.enum(['gauge', 'counter']).default('gauge'),
  scale: z.number().default(1).describe('Multiplied with it, 0.001 for milliseconds'),
})

const jobSchema = z
  .strictObject({
    url: targetUrl().optional(),
    targets: z
      .array(targetUrl())
      .min(1)
      .max(64)
      .refine((urls) => new Set(urls).size === urls.length, 'names one URL twice')
      .optional()
      .describe('Several URLs of one kind; their series get the label instance'),
    every: cadence().prefault('10s'),
    timeout: duration({ min: 50, max: 300_000 }).optional().describe('The default is 5s, or `every` when that is shorter'),
    format: z.enum(['auto', 'prometheus', 'openmetrics', 'json']).default('auto'),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/),
        z
          .string()
          .max(8192)
          .regex(/^[^\r\n\0]*$/),
      )
      .default({}),
    basic_auth: z.strictObject({ username: z.string().max(256), password: z.string().max(8192) }).optional(),
    bearer_token: z
      .string()
      .max(8192)
      .regex(/^[^\r\n\0]+$/)
      .optional(),
    tls: z
      .strictObject({
        ca_file: file().optional(),
        cert_file: file().optional(),
        key_file: file().optional(),
        server_name: z.string().min(1).max(253).optional(),
        insecure: z.boolean().default(false).describe('Do not verify the certificate'),
      })
      .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), 'cert_file and key_file go together')
      .prefault({}),
    allow: globs().optional().describe('Only metrics with such names; * stands for anything. The default is all'),
    deny: z.array(z.string().min(1).max(256)).max(256).default([]).describe('No metrics with such names'),
    labels: z.array(labelName).max(64).optional().describe('Labels to keep; series that become the same are added up. The default is all'),
    relabel: z.array(relabelSchema).max(64).default([]).describe('Rules on names and labels, as in metric_relabel_configs of Prometheus'),
    max_series: z.int().min(1).max(10_000).default(2000).describe('Per target; more are counted and left out'),
    max_bytes: size({ min: 1024, max: 268_435_456 }).prefault('4MiB').describe('A larger page is not read; JSON never beyond 1MiB'),
    rates: z.boolean().default(true).describe('Publish the rate of counters'),
    quantiles: z.array(z.number().gt(0).lt(1)).max(16).default([0.5, 0.95, 0.99]).describe('Of histograms, over the interval'),
    ratios: z
      .record(metricName, z.strictObject({ numerator: ratioPartSchema, denominator: ratioPartSchema }))
      .default({})
      .describe('New metrics: the growth of one counter divided by that of another'),
    values: z.record(metricName, valueSchema).default({}).describe('What to read from a JSON page'),
  })
  .superRefine((job, context) => {
    for (const [path, message] of mistakesOf(job)) context.addIssue({ code: 'custom', path: [path], message })
  })

export const scrapeSchema = z
  .record(configName(), jobSchema)
  .refine((jobs) => Object.keys(jobs).length <= 100, 'at most 100 scrape jobs per collector')
  .default({})
  .describe('Jobs that read metrics of applications, by name; each is the group app_<name>')

type Written = Pick<
  z.infer<typeof jobSchema>,
  'url' | 'targets' | 'format' | 'values' | 'every' | 'timeout' | 'basic_auth' | 'bearer_token' | 'allow' | 'deny' | 'relabel' | 'ratios'
>

function mistakesOf(job: Written): [path: string, message: string][] {
  const mistakes: [string, string][] = []
  const hasValues = Object.keys(job.values).length > 0
  if (job.url === undefined && job.targets === undefined) mistakes.push(['url', 'is missing; say which page to read, with url or targets'])
  if (job.url !== undefined && job.targets !== undefined) mistakes.push(['targets', 'cannot stand beside url; list that one here too'])
  if (job.format === 'json' && !hasValues) mistakes.push(['values', 'is missing; say what to read from the JSON'])
  if (job.format !== 'json' && hasValues) mistakes.push(['values', 'goes with format: json; remove it, or set the format'])
  if (job.timeout !== undefined && job.timeout > job.every)
    mistakes.push(['timeout', 'is longer than every; shorten it, or scrape less often'])
  if (job.basic_auth !== undefined && job.bearer_token !== undefined)
    mistakes.push(['bearer_token', 'cannot stand beside basic_auth; keep one of them'])
  for (const metric of hiddenParts(job))
    mistakes.push(['ratios', `${metric} is not let through by allow and deny; let it through, a ratio needs it`])
  return mistakes
}

/** Metrics that ratios divide and that never arrive; rules may rename metrics, so with rules nobody knows. */
function hiddenParts({ allow, deny, relabel, ratios }: Written): string[] {
  if (relabel.length > 0) return []
  const isAllowed = allow === undefined ? () => true : exclusion(allow)
  const isDenied = exclusion(deny)
  const parts = Object.values(ratios).flatMap(({ numerator, denominator }) => [numerator.metric, denominator.metric])
  return [...new Set(parts)].filter((metric) => isDenied(metric) || !(isAllowed(metric) || isAllowed(`${metric}_count`)))
}

function jsonPath() {
  return z.string().max(1024).superRefine(checked(parseJsonPath))
}

/** Refuses what a parser throws at, with its words. */
function checked(parse: (text: string) => unknown) {
  return (text: string, context: z.core.$RefinementCtx): void => {
    try {
      parse(text)
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: error instanceof SyntaxError ? `"${text.slice(0, 80)}": ${error.message}` : 'cannot be read',
      })
    }
  }
}

function isPageUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === ''
}

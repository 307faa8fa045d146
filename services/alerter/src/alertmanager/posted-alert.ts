import { z } from 'zod'

/** One element of what a Prometheus posts. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly generatorUrl: string
  readonly startsMs: number | undefined
  readonly endsMs: number | undefined
}

const maxAlerts = 2000
const maxLabels = 64
const maxValueChars = 1024
const maxAnnotationChars = 4096

const pairs = z
  .record(z.string().min(1).max(128), z.string())
  .refine((found) => Object.keys(found).length <= maxLabels, `more than ${maxLabels} of them`)
/** Go writes up to nine digits, and the year 1 for no time at all. */
const time = z
  .string()
  .max(40)
  .transform((text, context) => {
    const ms = Date.parse(text)
    if (Number.isNaN(ms)) context.addIssue({ code: 'custom', message: 'is no time such as 2026-11-21T03:00:00Z' })
    return ms > 0 ? Math.trunc(ms) : undefined
  })
  .optional()

const alertSchema = z.object({
  labels: pairs.refine((labels) => Object.values(labels).some((value) => value !== ''), 'an alert needs a label that is not empty'),
  annotations: pairs.default({}),
  startsAt: time,
  endsAt: time,
  generatorURL: z.string().max(8192).default(''),
})

/** The alerts of a request, and what is wrong with each that is left out. undefined: it is no list of alerts at all. */
export function readPosted(body: unknown): { alerts: PostedAlert[]; problems: string[] } | undefined {
  if (!Array.isArray(body) || body.length > maxAlerts) return undefined
  const alerts: PostedAlert[] = []
  const problems: string[] = []
  for (const [index, each] of body.entries()) {
    const parsed = alertSchema.safeParse(each)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      problems.push(`${index}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
      continue
    }
    const { labels, annotations, startsAt: startsMs, endsAt: endsMs, generatorURL: generatorUrl } = parsed.data
    alerts.push({ labels: cut(labels, maxValueChars), annotations: cut(annotations, maxAnnotationChars), generatorUrl, startsMs, endsMs })
  }
  return { alerts, problems }
}

/** Empty is the same as absent, as everywhere in Prometheus. */
function cut(found: Record<string, string>, maxChars: number): Record<string, string> {
  const kept = Object.entries(found).filter(([, value]) => value !== '')
  return Object.fromEntries(kept.map(([name, value]) => [name, value.slice(0, maxChars)]))
}

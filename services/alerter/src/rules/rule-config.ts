import { z } from 'zod'
import { configName, duration, quantity } from '@nightshift/shared/config/scalars'

const dayMs = 86_400_000
const pattern = () => z.string().min(1).max(253)

const levelsSchema = z
  .union([
    quantity(),
    z
      .strictObject({ warning: quantity().optional(), critical: quantity().optional() })
      .refine((levels) => levels.warning !== undefined || levels.critical !== undefined, 'names no level; give warning, critical or both'),
  ])
  .describe('A threshold, or one for each of warning and critical. Strict: at 85% exactly, `above: 85%` is not crossed')

/** One rule of the configuration: on a metric, or on a check. */
export const ruleSchema = z
  .strictObject({
    metric: z
      .string()
      .regex(/^[a-z0-9_-]{1,72}\.[A-Za-z0-9_:]{1,128}(?:\.[a-z0-9_]{1,64})?$/, 'write <group>.<field>, for example cpu.usage_ratio')
      .optional()
      .describe('<group>.<field>; docs/metrics.md lists them. Of an application: app_<job>.<metric>, or app_<job>.<metric>.<field>'),
    above: levelsSchema.optional(),
    below: levelsSchema.optional(),
    clear: quantity()
      .optional()
      .describe('The first level, once crossed, holds until the value is here or beyond; the second keeps the same distance'),
    where: z
      .record(z.string().min(1).max(128), z.union([pattern().transform((one) => [one]), z.array(pattern()).min(1).max(64)]))
      .optional()
      .describe('Only series with such labels; * stands for anything, a leading ! excludes'),
    check: z
      .string()
      .regex(/^[a-z0-9*?-]{1,63}$/, 'use the name of a check; * stands for anything')
      .optional(),
    failures: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Fires after so many failed results in a row, when that is more than the check itself waits for'),
    severity: z
      .enum(['info', 'warning', 'critical'])
      .optional()
      .describe('Of a check (the default is critical), or of a single threshold (warning)'),
    for: duration({ max: 7 * dayMs })
      .prefault('0s')
      .describe('How long it must hold, by the clock of the source'),
    hosts: z.array(pattern()).min(1).max(256).optional().describe('Only these; * stands for anything, a leading ! excludes'),
    channels: z.array(configName()).min(1).max(64).optional().describe('Who is told; the default is every channel'),
    summary: z.string().min(1).max(500).optional().describe('Words of your own, put before what was measured'),
    runbook: z.string().min(1).max(2048).optional().describe('Path or URL of what to do about it'),
    level: z
      .union([z.literal(1), z.literal(2), z.literal(3)], 'is 1, 2 or 3')
      .optional()
      .describe('Incident level: 1 is an outage, 2 is slow, 3 is partial. The default follows from the severity'),
  })
  .superRefine((rule, context) => {
    for (const [path, message] of mistakesOf(rule)) context.addIssue({ code: 'custom', path: [path], message })
  })

export type RuleConfig = z.infer<typeof ruleSchema>

type Mistake = [path: string, message: string]
type Written = Pick<RuleConfig, 'metric' | 'check' | 'above' | 'below' | 'clear' | 'where' | 'failures' | 'severity'>

function mistakesOf(rule: Written): Mistake[] {
  if (rule.metric === undefined && rule.check === undefined) return [['metric', 'is missing; a rule reads a metric or a check']]
  if (rule.metric !== undefined && rule.check !== undefined) return [['check', 'cannot stand beside metric; make two rules of it']]
  return rule.metric === undefined ? checkMistakes(rule) : metricMistakes(rule)
}

function checkMistakes(rule: Written): Mistake[] {
  const foreign = (['above', 'below', 'clear', 'where'] as const).filter((key) => rule[key] !== undefined)
  return foreign.map((key): Mistake => [key, 'goes with a metric; a check only fails or not'])
}

function metricMistakes(rule: Written): Mistake[] {
  if (rule.failures !== undefined) return [['failures', 'goes with a check; for a metric say how long with "for"']]
  if (rule.above === undefined && rule.below === undefined) return [['above', 'is missing; say above or below what']]
  if (rule.above !== undefined && rule.below !== undefined) return [['below', 'cannot stand beside above; make two rules of it']]
  const direction = rule.above === undefined ? 'below' : 'above'
  const levels = rule.above ?? rule.below
  if (levels === undefined) return []
  if (typeof levels === 'number') return clearMistakes(rule.clear, levels, direction)
  const mistakes: Mistake[] = []
  const { warning, critical } = levels
  if (rule.severity !== undefined)
    mistakes.push(['severity', `is already said by the levels; remove it, or give ${direction} a single threshold`])
  if (warning !== undefined && critical !== undefined && !isFurther(critical, warning, direction)) {
    mistakes.push([direction, `critical must be ${direction} warning; swap them`])
  }
  const first = warning ?? critical
  return first === undefined ? mistakes : [...mistakes, ...clearMistakes(rule.clear, first, direction)]
}

function clearMistakes(clear: number | undefined, threshold: number, direction: 'above' | 'below'): Mistake[] {
  if (clear === undefined || !isFurther(clear, threshold, direction)) return []
  return [
    [
      'clear',
      `is ${direction} the threshold, so it would fire and clear at once; it must be ${direction === 'above' ? 'below' : 'above'} it`,
    ],
  ]
}

function isFurther(value: number, than: number, direction: 'above' | 'below'): boolean {
  return direction === 'above' ? value > than : value < than
}

import { formatDuration } from '@nightshift/shared/config/scalars'
import { scopeLabelOf } from './metric-source.ts'
import type { RuleConfig } from './rule-config.ts'

type Mistake = [path: string, message: string]
type Written = Omit<RuleConfig, 'for' | 'keep_firing_for' | 'hosts' | 'channels' | 'summary' | 'runbook' | 'level' | 'hours'> &
  Pick<RuleConfig, 'for' | 'keep_firing_for'>
type Key = keyof Written

const ofMetrics = ['above', 'below', 'clear', 'take', 'over', 'per', 'by', 'times', 'of', 'baseline'] as const satisfies readonly Key[]

/** What is wrong with the keys of a rule taken together; each with its hint behind a semicolon. */
export function mistakesOf(rule: Written): Mistake[] {
  if (rule.event !== undefined) return eventMistakes(rule)
  if (rule.metric === undefined && rule.check === undefined) return [['metric', 'is missing; a rule reads a metric or a check']]
  if (rule.metric !== undefined && rule.check !== undefined) return [['check', 'cannot stand beside metric; make two rules of it']]
  if (rule.absent !== undefined) return absenceMistakes(rule)
  return rule.metric === undefined ? checkMistakes(rule) : metricMistakes(rule)
}

function eventMistakes(rule: Written): Mistake[] {
  const foreign = ['metric', 'check', 'below', 'clear', 'take', 'per', 'by', 'times', 'of', 'baseline', 'absent', 'failures'] as const
  const mistakes = given(rule, foreign).map((key): Mistake => [
    key,
    'cannot stand beside event; its events are counted, above says how many',
  ])
  if (rule.for > 0) mistakes.push(['for', 'cannot stand beside event; over says how far to look back'])
  if (rule.keep_firing_for > 0) mistakes.push(['keep_firing_for', 'cannot stand beside event; make over longer'])
  return mistakes
}

function absenceMistakes(rule: Written): Mistake[] {
  const keys = [...ofMetrics, 'failures', ...(rule.metric === undefined ? (['where'] as const) : [])] as const
  const mistakes = given(rule, keys).map((key): Mistake => [key, 'cannot stand beside absent; make two rules of it'])
  if (scopeLabelOf(rule.metric ?? '') !== null)
    mistakes.push(['metric', 'stands for many, and only one can be missed; name the job, the log or the check'])
  if (rule.for > 0) mistakes.push(['for', 'cannot stand beside absent; absent says how long already'])
  if (rule.keep_firing_for > 0) mistakes.push(['keep_firing_for', 'cannot stand beside absent; what is heard of again is back'])
  return mistakes
}

function checkMistakes(rule: Written): Mistake[] {
  return given(rule, [...ofMetrics, 'where'] as const).map((key): Mistake => {
    if (key === 'times' || key === 'of') return [key, 'goes with a metric; for a check write failures']
    return [key, 'goes with a metric; a check only fails or not']
  })
}

function metricMistakes(rule: Written): Mistake[] {
  if (rule.failures !== undefined) return [['failures', 'goes with a check; for a metric say how long with "for"']]
  return [...windowMistakes(rule), ...runMistakes(rule), ...(rule.baseline === undefined ? levelMistakes(rule) : baselineMistakes(rule))]
}

function windowMistakes({ take, over, for: forMs }: Written): Mistake[] {
  if (take === undefined) {
    if (over === undefined) return []
    return [['over', `is how far "take" looks back; add take: avg, or write for: ${formatDuration(over)}`]]
  }
  if (take === 'last' && over === undefined) return []
  if (over === undefined) return [['take', `looks back on a time; add "over: ${forMs > 0 ? formatDuration(forMs) : '5m'}"`]]
  return []
}

function runMistakes({ times, of }: Written): Mistake[] {
  if (of === undefined) return []
  if (times === undefined) return [['of', 'goes with times; write for example times: 3 and of: 5']]
  return of < times ? [['of', `is less than times; ${times} of ${of} can never be`]] : []
}

function baselineMistakes(rule: Written): Mistake[] {
  const mistakes = given(rule, ['above', 'below', 'clear'] as const).map((key): Mistake => [
    key,
    'cannot stand beside baseline; its factor and side say how far, or make two rules of it',
  ])
  const factor = rule.baseline?.factor
  if (typeof factor !== 'object') return mistakes
  if (factor.warning === undefined && factor.critical === undefined)
    mistakes.push(['baseline', 'names no level in factor; give warning, critical or both'])
  if (factor.warning !== undefined && factor.critical !== undefined && factor.critical <= factor.warning)
    mistakes.push(['baseline', 'has a factor for critical that is not above that for warning; swap them'])
  return mistakes
}

function levelMistakes(rule: Written): Mistake[] {
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

function given<K extends Key>(rule: Written, keys: readonly K[]): K[] {
  return keys.filter((key) => rule[key] !== undefined)
}

import type { MetricRule } from './rule.ts'
import type { Severity } from './severity.ts'

/** `over`: the threshold is crossed, strictly. `between`: it is not, but what is on stays on. `clear`: it is off. */
export type Standing = 'over' | 'between' | 'clear'
export type Standings = Partial<Record<Severity, Standing>>

/** Where a value stands against each level of a rule. */
export function standingsOf(rule: MetricRule, value: number): Standings {
  const standings: Standings = {}
  for (const level of rule.levels) {
    const isOver = rule.direction === 'above' ? value > level.threshold : value < level.threshold
    const isClear = rule.direction === 'above' ? value <= level.clear : value >= level.clear
    standings[level.severity] = isOver ? 'over' : isClear ? 'clear' : 'between'
  }
  return standings
}

export function isBreach(standings: Standings): boolean {
  return standings.critical === 'over' || standings.warning === 'over' || standings.info === 'over'
}

import { familyOf } from '../../rules/metric-source.ts'
import type { MetricRule } from '../../rules/rule.ts'

/** One reading of METRICS. A consumer has one filter, so each group is read by itself, and only as far back as its rules look. */
export interface Pass {
  /** undefined: of all groups those that `reads` lets through. */
  readonly group: string | undefined
  readonly overMs: number
  reads(subject: string): boolean
}

/** How to read what these rules look back on, the shortest first. Rules on families of groups share one pass. */
export function passesOver(rules: readonly MetricRule[]): Pass[] {
  const longest = new Map<string, number>()
  for (const { group, per, window } of rules) {
    for (const name of new Set([group, per?.group ?? group])) {
      longest.set(name, Math.max(longest.get(name) ?? 0, window?.overMs ?? 0))
    }
  }
  const families = new Map([...longest].filter(([name]) => name.endsWith('*')))
  const single = [...longest].filter(([name]) => !families.has(name)).map(([group, overMs]): Pass => ({ group, overMs, reads: () => true }))
  const shared: Pass = {
    group: undefined,
    overMs: Math.max(...families.values()),
    reads: (subject) => families.has(familyOf(subject.slice(subject.lastIndexOf('.') + 1)) ?? ''),
  }
  return [...single, ...(families.size > 0 ? [shared] : [])].toSorted((a, b) => a.overMs - b.overMs)
}

import type { IntegrityRule } from '../config/integrity-config.ts'
import type { Finding } from './finding.ts'

/** Rows of a rule's query that are read: one more than any number that can be expected. */
export const maxRuleRows = 1001
const shownRows = 3
const maxShownLength = 300

/** What the answer to a rule's query means; undefined when it is as expected. */
export function judgeRule(name: string, rule: IntegrityRule, rows: readonly (readonly unknown[])[]): Finding | undefined {
  const problem = problemOf(rule.expect, rows)
  if (problem === undefined) return undefined
  return {
    check: `rule.${name}`,
    severity: rule.severity,
    detail: problem,
    ...(rule.repair !== undefined && {
      repair: { kind: 'rule', statement: rule.repair, effect: 'runs the repair of the rule in one transaction' },
    }),
  }
}

function problemOf(expect: IntegrityRule['expect'], rows: readonly (readonly unknown[])[]): string | undefined {
  if ('rows' in expect) {
    if (rows.length === expect.rows) return undefined
    const count = rows.length >= maxRuleRows ? `more than ${maxRuleRows - 1}` : String(rows.length)
    const shown = rows.length === 0 ? '' : `, such as ${rows.slice(0, shownRows).map(text).join(' | ')}`.slice(0, maxShownLength)
    return `${count} rows, expected ${expect.rows}${shown}`
  }
  if (rows.length === 0) return 'no row, expected one'
  const value = rows[0]?.[0]
  if ('value' in expect) return isSame(value, expect.value) ? undefined : `${text([value])}, expected ${expect.value}`
  const number = value === null || value === undefined || value === '' ? Number.NaN : Number(value)
  if (Number.isNaN(number)) return `${text([value])}, expected a number`
  if (expect.min !== undefined && number < expect.min) return `${number}, expected at least ${expect.min}`
  return expect.max !== undefined && number > expect.max ? `${number}, expected at most ${expect.max}` : undefined
}

/** Databases give numbers as texts and truth as 1. */
function isSame(found: unknown, expected: number | string | boolean): boolean {
  if (typeof expected === 'number') return found !== null && found !== undefined && found !== '' && Number(found) === expected
  if (typeof expected === 'boolean') return found === expected || Number(found) === Number(expected)
  return String(found) === expected
}

function text(row: readonly unknown[]): string {
  return row
    .map((value) => (value === null ? 'NULL' : plain(value)))
    .join(', ')
    .slice(0, 120)
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? 'nothing')
}

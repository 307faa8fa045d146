import { z } from 'zod'
import type { IntegrityReport } from '../integrity/check.ts'

const maxFindings = 50
const maxDetailLength = 1000

/** What the last check of a database found. */
export const integrityMarkSchema = z.object({
  /** When it was begun; for one that was never checked, since when its slots count. */
  atMs: z.number().nonnegative(),
  /** Tables, indexes and rules that were looked at; null: never, or it could not be checked. */
  checked: z.number().nullable(),
  isSound: z.boolean().nullable(),
  /** The first fifty. */
  findings: z.array(z.object({ check: z.string(), severity: z.enum(['warning', 'error']), detail: z.string(), canRepair: z.boolean() })),
  /** Why it could not be checked. */
  error: z.string().nullable(),
})
export type IntegrityMark = z.infer<typeof integrityMarkSchema>

/** A check that came to its end. */
export function markOfReport({ checked, isSound, findings }: IntegrityReport, atMs: number): IntegrityMark {
  const kept = findings.slice(0, maxFindings).map(({ check, severity, detail, repair }) => ({
    check,
    severity,
    detail: detail.slice(0, maxDetailLength),
    canRepair: repair !== undefined,
  }))
  return { atMs, checked, isSound, findings: kept, error: null }
}

/** Nothing was looked at. */
export function markOfNothing(atMs: number, error: string | null): IntegrityMark {
  return { atMs, checked: null, isSound: null, findings: [], error: error?.slice(0, maxDetailLength) ?? null }
}

/** What was found, in one text for an event: errors first. Null when nothing was. */
export function findingsText(name: string, { findings }: IntegrityMark): string | null {
  if (findings.length === 0) return null
  const sorted = findings.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
  return `${name}: ${sorted.map(({ check, severity, detail }) => `${severity === 'warning' ? 'warning: ' : ''}${check}: ${detail}`).join('; ')}`
}

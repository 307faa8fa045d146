import type { Outcome } from '../checks/check.ts'
import type { Finding, Level } from './look.ts'

/** A difference that still counts as new. */
export interface Recent {
  readonly text: string
  readonly epochMs: number
}

export interface Seen {
  readonly findings: readonly Finding[]
  readonly recent: readonly Recent[]
  readonly unread: readonly string[]
  readonly lookedAt: number
}

/** Told one by one; a person reads no more, and the contract bounds a text. */
const maxTold = 10
const maxTextLength = 2000
const maxListLength = 4000

/**
 * The result of a look as that of a check: a finding or a new difference is a failure; what could not be looked at leaves the answer open,
 * unless something is wrong anyway.
 */
export function judge({ findings, recent, unread, lookedAt }: Seen): Outcome {
  const level: Level | null = findings.some((finding) => finding.level === 'critical') ? 'critical' : 'warning'
  const worstFirst = findings.toSorted((a, b) => Number(b.level === 'critical') - Number(a.level === 'critical'))
  const texts = [...recent.map(({ text }) => text), ...worstFirst.map(({ text }) => text)]
  const detail = {
    findings: findings.length,
    differences: recent.length,
    looked_at: lookedAt,
    unreadable: unread.length,
    ...(unread.length === 0 ? {} : { unreadable_why: summarize(unread, maxListLength) }),
  }
  if (texts.length > 0) {
    const error = summarize(texts, maxTextLength)
    return { ok: false, error, detail: { ...detail, level, list: texts.join('\n').slice(0, maxListLength) } }
  }
  if (unread.length > 0) return { ok: null, error: `not everything could be looked at: ${summarize(unread, maxTextLength - 100)}`, detail }
  return { ok: true, error: null, detail }
}

/** `a; b; and 3 more` */
export function summarize(texts: readonly string[], maxLength: number): string {
  const told = texts.slice(0, maxTold)
  const rest = texts.length - told.length
  const text = told.join('; ')
  const end = rest === 0 ? '' : `; and ${rest} more`
  return `${text.length + end.length > maxLength ? `${text.slice(0, maxLength - end.length - 1)}…` : text}${end}`
}

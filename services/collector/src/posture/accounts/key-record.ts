import { redactText } from '@nightshift/shared/service/redact'
import { isObject } from '../../json-object.ts'

export interface KeyAge {
  /** As it can be shown. */
  readonly name: string
  /** Null: of unknown age. */
  readonly createdMs: number | null
}

const maxKeys = 1000
/** What people call a key. Anything else may be the key itself. */
const sensibleName = /^[A-Za-z][A-Za-z0-9 _.:/@-]{0,63}$/
const looksLikeKey = /^(?:sk|pk|rk|ghp|gho|ghs|glpat|xox[a-z]|AKIA|ASIA|AIza|eyJ|SG)[-_.A-Z0-9]|[A-Za-z0-9+/]{24,}|[a-f0-9]{16,}/

/**
 * A JSON object of keys by name, each with `created` (a date, or seconds since 1970), or with the date itself; the object may stand under
 * `keys`. Undefined when the text is no such object. Nothing but names and dates is taken from it.
 */
export function parseKeyRecord(text: string): KeyAge[] | undefined {
  const value = parseJson(text)
  if (!isObject(value)) return undefined
  const keys = isObject(value['keys']) ? value['keys'] : value
  return Object.entries(keys)
    .slice(0, maxKeys)
    .map(([name, entry], index) => ({ name: shownName(name, index), createdMs: createdOf(entry) }))
}

function createdOf(entry: unknown): number | null {
  const created = isObject(entry) ? (entry['created'] ?? entry['created_at'] ?? entry['rotated'] ?? null) : entry
  if (typeof created === 'number' && created > 0) return created > 1e11 ? created : created * 1000
  if (typeof created !== 'string' || !/^\d{4}-\d\d-\d\d/.test(created)) return null
  const epochMs = Date.parse(created)
  return Number.isNaN(epochMs) ? null : epochMs
}

function shownName(name: string, index: number): string {
  const isSafe = sensibleName.test(name) && !looksLikeKey.test(name) && redactText(name) === name
  return isSafe ? name : `number ${index + 1}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

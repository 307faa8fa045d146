import type { z } from 'zod'
import { nearest } from './did-you-mean.ts'
import { findAssignedSecret, hiddenText } from './secrets.ts'

/** What is wrong with one value, in words that follow its path: `… is missing`, `… must be a number, not the text "ten"`. */
export interface Phrase {
  readonly message: string
  readonly hint?: string | undefined
}

/** Facts about the schema that an issue of zod leaves out; the error map of validate.ts adds them. */
export interface IssueFacts {
  readonly knownKeys?: readonly string[]
  readonly description?: string | undefined
  readonly examples?: readonly unknown[] | undefined
  /** Of a record: what its values must be. */
  readonly valueSchema?: z.ZodType
  /** Of a union with a discriminator: its forms. */
  readonly variants?: readonly z.ZodType[]
}

export type Issue = z.core.$ZodIssue & IssueFacts

/** An issue about one value. `key` is the last step of its path. Not for unions and unknown keys: translate-issues.ts takes these apart. */
export function phraseIssue(issue: Issue, key: string, isHidden: boolean): Phrase {
  if (issue.message !== '') return phraseCustom(issue)
  if (issue.input === undefined && issue.code !== 'custom') return phraseMissing(issue, key)
  const shown = showValue(issue.input, isHidden)
  switch (issue.code) {
    case 'invalid_type':
      return phraseType([issue.expected], issue.input, isHidden)
    case 'invalid_value':
      return phraseChoice(issue.values, issue.input, isHidden)
    case 'too_small':
      return phraseBound(issue.origin, 'small', Number(issue.minimum), issue.inclusive !== false, shown)
    case 'too_big':
      return phraseBound(issue.origin, 'large', Number(issue.maximum), issue.inclusive !== false, shown)
    case 'not_multiple_of':
      return { message: `must be a multiple of ${issue.divisor}, not ${shown}` }
    case 'invalid_format':
      return phraseFormat(issue, shown)
    default:
      return { message: 'is not valid' }
  }
}

/** `must be a number or a list, not the text "ten"`. */
export function phraseType(expected: readonly string[], input: unknown, isHidden: boolean): Phrase {
  const kinds = [...new Set(expected.map((kind) => kindNames[kind] ?? kind))]
  if (input === null) return { message: 'has no value', hint: `it must be ${kinds.join(' or ')}; write one, or remove the key` }
  return { message: `must be ${kinds.join(' or ')}, not ${showValue(input, isHidden)}`, hint: hintForType(expected, input, isHidden) }
}

/** `"warn" is not one of debug, info, warning`. */
export function phraseChoice(values: readonly unknown[], input: unknown, isHidden: boolean): Phrase {
  const names = values.map(String)
  const near = typeof input === 'string' && !isHidden ? nearest(input, names) : undefined
  const [only] = names
  const message =
    names.length === 1
      ? `must be ${only}, not ${showValue(input, isHidden)}`
      : `must be one of ${names.join(', ')}, not ${showValue(input, isHidden)}`
  return { message, hint: near === undefined || (names.length === 1 && near === input) ? undefined : `did you mean "${near}"?` }
}

const kindNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  set: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
  map: 'a mapping of names to values',
  null: 'nothing',
  never: 'left out',
}

/** A value in a sentence, `the text "ten"`, cut to a bearable length. */
function showValue(value: unknown, isHidden: boolean): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (isHidden) return hiddenText
  if (typeof value === 'string') return value === '' ? 'an empty text' : `the text "${quoteText(value)}"`
  return typeof value === 'number' ? `the number ${value}` : JSON.stringify(value)
}

function quoteText(text: string): string {
  const start = findAssignedSecret(text)
  const shown = start === undefined ? text : text.slice(0, start) + hiddenText
  return shown.length > 60 ? `${shown.slice(0, 59)}…` : shown
}

function hintForType(expected: readonly string[], input: unknown, isHidden: boolean): string | undefined {
  const wants = (kind: string) => expected.includes(kind)
  if (isHidden) return undefined
  if (typeof input === 'string') {
    const text = input.toLowerCase()
    if (wants('boolean') && ['yes', 'on', 'y'].includes(text)) return 'write true'
    if (wants('boolean') && ['no', 'off', 'n'].includes(text)) return 'write false'
    if ((wants('number') || wants('int')) && /^-?\d+(?:\.\d+)?$/.test(input)) return 'remove the quotes'
  }
  if (wants('string') && (typeof input === 'number' || typeof input === 'boolean')) return `put it in quotes: "${input}"`
  if (wants('array') && ['string', 'number', 'boolean'].includes(typeof input))
    return `write [${typeof input === 'string' ? `"${quoteText(input)}"` : String(input)}]`
  if (wants('array') && typeof input === 'object') return 'begin each entry with "- "'
  if ((wants('record') || wants('object')) && Array.isArray(input)) return 'begin each entry with its name and a colon instead of "- "'
  return undefined
}

function phraseMissing(issue: Issue, key: string): Phrase {
  const [example] = issue.examples ?? []
  const kind = issue.code === 'invalid_type' ? kindNames[issue.expected] : undefined
  const choice = issue.code === 'invalid_value' ? `one of ${issue.values.map(String).join(', ')}` : kind
  const about = issue.description === undefined ? '' : ` (${lowerFirst(issue.description)})`
  if (example !== undefined)
    return {
      message: 'is missing',
      hint: `add for example "${key}: ${typeof example === 'string' ? example : JSON.stringify(example)}"${about}`,
    }
  return { message: 'is missing', hint: `add "${key}"${choice === undefined ? '' : `, ${choice}`}${about}` }
}

/** Makes a sentence part of another, but leaves `TLS` and `I/O` alone. */
function lowerFirst(text: string): string {
  return /^\p{Lu}\p{Ll}/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}

/** What the author of a schema wrote. After the first `; ` comes the hint. */
function phraseCustom(issue: Issue): Phrase {
  const given = issue.code === 'custom' ? (issue.params?.['hint'] as unknown) : undefined
  const [message = '', ...rest] = issue.message.split('; ')
  const hint = [...rest, ...(typeof given === 'string' ? [given] : [])].join('; ')
  return { message, hint: hint === '' ? undefined : hint }
}

function phraseBound(origin: string, direction: 'small' | 'large', bound: number, inclusive: boolean, shown: string): Phrase {
  const limit = direction === 'small' ? 'at least' : 'at most'
  if (origin === 'array' || origin === 'set') return { message: `must have ${limit} ${bound} ${bound === 1 ? 'entry' : 'entries'}` }
  if (origin === 'object' || origin === 'map' || origin === 'record')
    return { message: `must have ${limit} ${bound} ${bound === 1 ? 'key' : 'keys'}` }
  if (origin === 'string' && direction === 'small' && bound === 1) return { message: 'must not be empty' }
  if (origin === 'string') return { message: `must have ${limit} ${bound} characters` }
  const strict = direction === 'small' ? 'more than' : 'less than'
  return { message: `must be ${inclusive ? limit : strict} ${bound}, not ${shown.replace('the number ', '')}` }
}

const formatNames: Record<string, readonly [what: string, example: string]> = {
  url: ['a URL', 'https://example.com/health'],
  email: ['an e-mail address', 'ops@example.com'],
  ipv4: ['an IPv4 address', '192.0.2.1'],
  ipv6: ['an IPv6 address', '2001:db8::1'],
  cidrv4: ['an IPv4 network', '192.0.2.0/24'],
  cidrv6: ['an IPv6 network', '2001:db8::/32'],
  hostname: ['a host name', 'db1.example.com'],
  datetime: ['a date and time', '2026-01-31T09:00:00Z'],
  date: ['a date', '2026-01-31'],
  time: ['a time of day', '09:00'],
}

function phraseFormat(issue: Issue & { code: 'invalid_format' }, shown: string): Phrase {
  const known = formatNames[issue.format]
  if (known !== undefined) return { message: `must be ${known[0]}, not ${shown}`, hint: `write for example ${known[1]}` }
  if ('prefix' in issue) return { message: `must begin with ${JSON.stringify(issue.prefix)}, not ${shown}` }
  if ('suffix' in issue) return { message: `must end with ${JSON.stringify(issue.suffix)}, not ${shown}` }
  if ('includes' in issue) return { message: `must contain ${JSON.stringify(issue.includes)}, not ${shown}` }
  return { message: `${shown} does not have the form ${issue.pattern ?? issue.format}` }
}

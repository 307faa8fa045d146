import type { z } from 'zod'
import { diagnose, isHidden, originOf, type ConfigDocument } from './config-document.ts'
import { valueAt, type ConfigPath } from './config-path.ts'
import type { Diagnostic } from './diagnostic.ts'
import { nearest } from './did-you-mean.ts'
import { phraseChoice, phraseIssue, phraseType, type Issue } from './phrase-issue.ts'
import { withTwins } from './secrets.ts'

/** What the translation needs besides the issues. */
export interface TranslationContext {
  readonly document: ConfigDocument
  /** Where else a key is at home: `log` belongs at the top level, `checks` to the collector. */
  readonly homesOf: (key: string) => readonly string[]
  /** Issues of a value against a schema, for values that zod did not look at. */
  readonly issuesOf: (schema: z.ZodType, value: unknown) => readonly Issue[]
}

/** More than a person reads, few enough to be translated at once. */
const maxIssues = 500

/** Issues of zod as diagnostics, each at the key or value it is about. Issues about values that are not known yet are left out. */
export function translateIssues(issues: readonly Issue[], prefix: ConfigPath, context: TranslationContext): Diagnostic[] {
  const shown = issues.slice(0, maxIssues)
  return shown.filter((issue) => !isEcho(issue, shown)).flatMap((issue) => translateIssue(issue, prefix, context))
}

/** A text in the place of a list also is too short or too long for one. */
function isEcho(issue: Issue, all: readonly Issue[]): boolean {
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return false
  return all.some((other) => other.code === 'invalid_type' && other.path.join('.') === issue.path.join('.'))
}

function translateIssue(issue: Issue, prefix: ConfigPath, context: TranslationContext): Diagnostic[] {
  const { document } = context
  const path = [...prefix, ...toConfigPath(issue.path)]
  if (originOf(document, path)?.isUnresolved === true) return []
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, maxIssues).map((key) => unknownKey(key, issue.knownKeys ?? [], path, context))
  if (issue.code === 'invalid_key') return badName(issue, path, context)
  if (issue.code === 'invalid_element') return translateIssues(issue.issues, path, context)
  if (issue.code === 'invalid_union' && issue.message === '' && issue.input !== undefined) return badUnion(issue, path, context)
  const isMissing = issue.input === undefined && originOf(document, path) === undefined
  const phrase = phraseIssue(issue, String(path.at(-1) ?? ''), isHidden(document, path))
  return [diagnose(document, { path, on: isMissing ? 'key' : 'value', ...phrase })]
}

function unknownKey(key: string, known: readonly string[], parent: ConfigPath, context: TranslationContext): Diagnostic {
  const path = [...parent, key]
  const origin = originOf(context.document, path)
  const written = String(origin?.writtenAs?.at(-1) ?? key)
  const names = withTwins(known)
  const near = nearest(written, names)
  const homes = context.homesOf(key)
  let hint = known.length === 0 ? 'no keys are known here' : `known here: ${names.slice(0, 16).join(', ')}${names.length > 16 ? ', …' : ''}`
  if (near !== undefined) hint = `did you mean "${near}"?`
  else if (homes.length > 0) hint = `it belongs ${homes.join(' or ')}`
  return diagnose(context.document, { path, on: 'key', message: 'unknown key', hint })
}

/** A name that may not be one. What stands below it is looked at all the same. */
function badName(issue: Issue & { code: 'invalid_key' }, path: ConfigPath, context: TranslationContext): Diagnostic[] {
  const phrases = (issue.issues as Issue[]).map((inner) => phraseIssue(inner, String(path.at(-1)), false))
  const named = phrases.map((phrase) => diagnose(context.document, { path, on: 'key', ...phrase }))
  const value = issue.valueSchema === undefined ? [] : context.issuesOf(issue.valueSchema, valueAt(context.document.data, path))
  return [...named, ...translateIssues(value, path, context)]
}

/** Of several forms that a value may have, speaks of the one that was most likely meant. */
function badUnion(issue: Issue & { code: 'invalid_union' }, path: ConfigPath, context: TranslationContext): Diagnostic[] {
  const { document } = context
  const hidden = isHidden(document, path)
  const discriminator = 'discriminator' in issue ? issue.discriminator : undefined
  if (discriminator !== undefined) return badVariant(issue, discriminator, path, context)
  const branches = (issue.errors as Issue[][]).map((branch) =>
    branch.filter((inner) => !isUnresolvedAt(document, [...path, ...toConfigPath(inner.path)])),
  )
  if (branches.some((branch) => branch.length === 0)) return []
  const deeper = branches.filter((branch) => !branch.every(isAboutKind)).toSorted((a, b) => weight(a) - weight(b))
  if (deeper[0] !== undefined) return translateIssues(deeper[0], path, context)
  const kinds = branches.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [inner.expected] : []))
  const values = branches.flat().flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []))
  const choice = phraseChoice(values, issue.input, hidden)
  const type = phraseType([...values.map((value) => `"${String(value)}"`), ...kinds], issue.input, hidden)
  const phrase = values.length === 0 ? type : { message: type.message, hint: choice.hint ?? type.hint }
  return [diagnose(document, { path, on: 'value', ...phrase })]
}

function badVariant(
  issue: Issue & { code: 'invalid_union' },
  discriminator: string,
  path: ConfigPath,
  context: TranslationContext,
): Diagnostic[] {
  const { document } = context
  const at = path.at(-1) === discriminator ? path : [...path, discriminator]
  if (isUnresolvedAt(document, at)) return []
  const values = 'options' in issue ? (issue.options ?? []) : []
  const given = valueAt(document.data, at)
  if (given === undefined)
    return [
      diagnose(document, {
        path: at,
        on: 'key',
        message: 'is missing',
        hint: `add "${discriminator}": one of ${values.map(String).join(', ')}`,
      }),
    ]
  const wrong = diagnose(document, { path: at, on: 'value', ...phraseChoice(values, given, isHidden(document, at)) })
  return [wrong, ...likelyVariant(issue, discriminator, given, at.slice(0, -1), context)]
}

/** What else is wrong when the variant is taken for the one that was most likely meant. */
function likelyVariant(issue: Issue, discriminator: string, given: unknown, path: ConfigPath, context: TranslationContext): Diagnostic[] {
  const values = 'options' in issue ? (issue.options ?? []) : []
  const near = typeof given === 'string' ? nearest(given, values.map(String)) : undefined
  const variant = issue.variants?.find((option) => near !== undefined && option._zod.propValues?.[discriminator]?.has(near))
  const value = valueAt(context.document.data, path)
  if (variant === undefined || typeof value !== 'object' || value === null) return []
  return translateIssues(context.issuesOf(variant, { ...value, [discriminator]: near }), path, context)
}

/** The value as a whole is of the wrong kind: another form was meant. */
function isAboutKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value') && issue.message === ''
}

/** How far a value is from a form: each unknown key counts. */
function weight(branch: readonly Issue[]): number {
  return branch.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
}

function isUnresolvedAt(document: ConfigDocument, path: ConfigPath): boolean {
  return originOf(document, path)?.isUnresolved === true
}

function toConfigPath(path: readonly PropertyKey[]): ConfigPath {
  return path.map((step) => (typeof step === 'number' ? step : String(step)))
}

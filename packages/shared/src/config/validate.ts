import { z } from 'zod'
import { originOf, type ConfigDocument } from './config-document.ts'
import { setValueAt, valueAt, type ConfigPath } from './config-path.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { Issue } from './phrase-issue.ts'
import { translateIssues } from './translate-issues.ts'

/** What of the document a schema is for. */
export interface Part {
  readonly prefix: ConfigPath
  readonly read: () => unknown
  readonly schema: z.ZodType
  readonly homesOf: (key: string) => readonly string[]
}

export interface Validated {
  /** Absent when something is wrong, or not known yet. */
  readonly value?: unknown
  readonly diagnostics: Diagnostic[]
}

/**
 * A part of the document against its schema. A value that was one placeholder is a text first; where the schema wants a number, or true
 * or false, and the text is one, it becomes one.
 */
export function validate(document: ConfigDocument, part: Part): Validated {
  const { prefix, schema, homesOf } = part
  let result = parse(schema, part.read())
  if (!result.success && convertPlaceholders(document, prefix, result.error.issues)) result = parse(schema, part.read())
  if (result.success) return { value: result.data, diagnostics: [] }
  const context = { document, homesOf, issuesOf: (inner: z.ZodType, value: unknown) => parse(inner, value).error?.issues ?? [] }
  return { diagnostics: translateIssues(result.error.issues, prefix, context) }
}

/** The keys of a mapping's schema, whatever defaults are wrapped around it; none for other schemas. */
export function keysOf(schema: z.core.$ZodType): string[] {
  const definition = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType; shape?: Record<string, unknown> }
  if (definition.shape !== undefined) return Object.keys(definition.shape)
  const inner = definition.innerType ?? definition.in
  return inner === undefined ? [] : keysOf(inner)
}

function parse(schema: z.ZodType, input: unknown): z.ZodSafeParseResult<unknown> {
  return schema.safeParse(input, { reportInput: true, error: addFacts })
}

/** Leaves the words to phrase-issue.ts (a schema's own words come first), and keeps with the issue what only its schema knows. */
function addFacts(issue: z.core.$ZodRawIssue): string {
  const schema = issue.inst
  if (schema === undefined || !('def' in schema._zod)) return ''
  const facts: Record<string, unknown> = issue
  if (issue.code === 'unrecognized_keys') facts['knownKeys'] = keysOf(schema as z.core.$ZodType)
  if (issue.code === 'invalid_key') facts['valueSchema'] = (schema._zod.def as { valueType?: z.ZodType }).valueType
  if (issue.code === 'invalid_union') facts['variants'] = (schema._zod.def as { options?: readonly z.ZodType[] }).options
  if (issue.input === undefined) {
    const meta = z.globalRegistry.get(schema as z.core.$ZodType)
    facts['description'] = meta?.description
    facts['examples'] = meta?.['examples']
  }
  return ''
}

function convertPlaceholders(document: ConfigDocument, prefix: ConfigPath, issues: readonly Issue[]): boolean {
  let converted = false
  for (const { path, wants } of issues.flatMap((issue) => wantsOf(issue, prefix))) {
    const text = valueAt(document.data, path)
    if (typeof text !== 'string' || originOf(document, path)?.isWholePlaceholder !== true) continue
    const value = convert(text.trim(), wants)
    if (value === undefined) continue
    setValueAt(document.data, path, value)
    converted = true
  }
  return converted
}

interface Want {
  readonly path: ConfigPath
  readonly wants: 'number' | 'boolean'
}

/** What the schema wants instead at each path, also inside unions. */
function wantsOf(issue: Issue, prefix: ConfigPath): Want[] {
  const path = [...prefix, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))]
  if (issue.code === 'invalid_type') {
    if (issue.expected === 'number' || issue.expected === 'int') return [{ path, wants: 'number' }]
    return issue.expected === 'boolean' ? [{ path, wants: 'boolean' }] : []
  }
  if (issue.code === 'invalid_value') {
    return [...new Set(issue.values.map((value) => typeof value))].flatMap((kind) =>
      kind === 'number' || kind === 'boolean' ? [{ path, wants: kind }] : [],
    )
  }
  if (issue.code === 'invalid_union') return (issue.errors as Issue[][]).flat().flatMap((inner) => wantsOf(inner, path))
  return []
}

function convert(text: string, wants: 'number' | 'boolean'): number | boolean | undefined {
  if (wants === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined
}

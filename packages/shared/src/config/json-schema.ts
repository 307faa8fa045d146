import { z } from 'zod'
import { baseConfigSchema } from './base.ts'
import { ConfigError } from '../errors.ts'
import type { SectionSchemas } from './load-config.ts'
import { isSecretKey, secretOfTwin } from './secrets.ts'

export type JsonSchema = { [key: string]: unknown }

/** What stands in a text that is filled in from the environment. */
export const placeholderPattern = String.raw`\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`

/**
 * JSON Schema 2020-12 of the whole configuration file, for editors: `# yaml-language-server: $schema=…` in the first line of the file.
 * It allows what the loader allows: `${NAME}` in the place of any value, and the `_file` twins of secrets.
 */
export function configJsonSchema(sections: SectionSchemas): JsonSchema {
  const base = toJsonSchema(baseConfigSchema)
  const properties = { ...(base['properties'] as JsonSchema) }
  for (const [name, schema] of Object.entries(sections)) properties[name] = toJsonSchema(schema)
  // A section may be left empty, with all its keys commented out.
  const orEmpty = (node: JsonSchema) => (node['type'] === 'object' ? { ...node, type: ['object', 'null'] } : node)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Nightshift configuration',
    description: 'One file for all services; each reads its own section and what they share.',
    type: 'object',
    properties: mapValues(properties, orEmpty),
    additionalProperties: false,
  }
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return allowSubstitutes(json)
}

/** Lets placeholders and secret files stand where the loader takes them. */
function allowSubstitutes(node: JsonSchema): JsonSchema {
  const result: JsonSchema = {}
  for (const [key, value] of Object.entries(node)) {
    if (key === 'properties') result[key] = mapValues(value as JsonSchema, allowSubstitutes)
    else if (['items', 'additionalProperties'].includes(key) && isNode(value)) result[key] = allowSubstitutes(value)
    else if (['anyOf', 'oneOf', 'allOf', 'prefixItems'].includes(key)) result[key] = (value as JsonSchema[]).map(allowSubstitutes)
    else result[key] = value
  }
  if (result['minimum'] === Number.MIN_SAFE_INTEGER) delete result['minimum']
  if (result['maximum'] === Number.MAX_SAFE_INTEGER) delete result['maximum']
  if (isNode(result['properties'])) return withSecretFiles(result, result['properties'])
  return withPlaceholder(result)
}

function withPlaceholder(node: JsonSchema): JsonSchema {
  const { type, pattern, format, enum: choices, ...rest } = node
  if (node['const'] !== undefined) return node
  if (choices !== undefined)
    return {
      ...rest,
      anyOf: [
        { ...(type === undefined ? {} : { type }), enum: choices },
        { type: 'string', pattern: placeholderPattern },
      ],
    }
  // Bounds of numbers say nothing about texts, and a pattern says nothing about numbers: one schema serves both.
  if (['number', 'integer', 'boolean'].includes(String(type))) return { ...rest, type: [type, 'string'], pattern: placeholderPattern }
  if (type !== 'string' || (pattern === undefined && format === undefined)) return node
  const own = pattern === undefined ? { type, format } : { type, pattern }
  return { ...rest, anyOf: [own, { type, pattern: placeholderPattern }] }
}

function withSecretFiles(node: JsonSchema, properties: JsonSchema): JsonSchema {
  const all: JsonSchema = {}
  const secrets = Object.keys(properties).filter(isSecretKey)
  for (const [key, value] of Object.entries(properties)) {
    const secret = secretOfTwin(key)
    if (secret !== undefined) throw new ConfigError('config_schema', `${key} must not be declared: it is the file form of ${secret}`)
    all[key] = value
    if (secrets.includes(key)) all[`${key}_file`] = { type: 'string', minLength: 1, description: `File that holds ${key}` }
  }
  const required = (node['required'] as string[] | undefined) ?? []
  const needed = required.filter((key) => !secrets.includes(key))
  const eitherForm = required
    .filter((key) => secrets.includes(key))
    .map((key) => ({ anyOf: [{ required: [key] }, { required: [`${key}_file`] }] }))
  const { required: _, ...rest } = node
  return {
    ...rest,
    properties: all,
    ...(needed.length === 0 ? {} : { required: needed }),
    ...(eitherForm.length === 0 ? {} : { allOf: eitherForm }),
  }
}

function isNode(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapValues(record: JsonSchema, change: (node: JsonSchema) => JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, isNode(value) ? change(value) : value]))
}

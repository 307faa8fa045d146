import { placeholderPattern, type JsonSchema } from './json-schema.ts'
import { isSecretKey, secretOfTwin } from './secrets.ts'

interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly text: string
}

/** The keys of a configuration file as Markdown, a table for each top-level section, from the schema that configJsonSchema gives. */
export function configReference(schema: JsonSchema): string {
  const entries = Object.entries(propertiesOf(schema))
  const plain = entries.filter(([, node]) => !isMapping(node))
  const sections = entries.filter(([, node]) => isMapping(node))
  const parts = [`## Top level\n\n${table(plain.flatMap(([key, node]) => rowsOf(key, node, false)))}`]
  for (const [key, node] of sections) {
    const intro = typeof node['description'] === 'string' ? `${node['description']}.\n\n` : ''
    parts.push(`## \`${key}\`\n\n${intro}${table(rowsBelow(key, node))}`)
  }
  return `${parts.join('\n\n')}\n`
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ key, type, fallback, text }) => `| \`${key}\` | ${cell(type)} | ${fallback === '' ? '' : `\`${cell(fallback)}\``} | ${cell(text)} |`,
  )
  return ['| key | value | default | |', '|---|---|---|---|', ...lines].join('\n')
}

function cell(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .replaceAll(/<(?=[a-z])/g, '&lt;')
}

function rowsBelow(path: string, node: JsonSchema): Row[] {
  const required = new Set([...asTexts(node['required']), ...eitherRequired(node)])
  const rows = Object.entries(propertiesOf(node)).flatMap(([key, child]) =>
    isTwin(key, node) ? [] : rowsOf(`${path}.${key}`, child, required.has(key)),
  )
  const extra = node['additionalProperties']
  return isNode(extra) ? [...rows, ...rowsOf(`${path}.<name>`, extra, false)] : rows
}

function rowsOf(path: string, node: JsonSchema, isRequired: boolean): Row[] {
  const forms = formsOf(node)
  const mappings = forms.filter(isMapping)
  const text = typeof node['description'] === 'string' ? node['description'] : ''
  const fallback =
    node['default'] === undefined || isEmptyMapping(node['default']) ? '' : JSON.stringify(node['default']).replaceAll(/^"|"$/g, '')
  const row: Row = { key: path, type: `${typeOf(node, path)}${isRequired ? ', required' : ''}`, fallback, text }
  if (mappings.length === 0) {
    const items = node['items']
    return isNode(items) && formsOf(items).some(isMapping)
      ? [row, ...rowsOf(`${path}[]`, items, false).filter(({ key }) => key !== `${path}[]`)]
      : [row]
  }
  const head = text === '' && mappings.length === 1 && !isRequired && forms.length === 1 ? [] : [row]
  return [...head, ...mappings.flatMap((form) => variantRows(path, form, mappings))]
}

/** Of several forms each key says which one it belongs to. */
function variantRows(path: string, form: JsonSchema, all: readonly JsonSchema[]): Row[] {
  const rows = rowsBelow(path, form)
  const [discriminator, value] = constantOf(form) ?? []
  if (all.length === 1 || discriminator === undefined) return rows
  const isShared = (row: Row) =>
    all.every((other) => rowsBelow(path, other).some((candidate) => JSON.stringify(candidate) === JSON.stringify(row)))
  const own = rows.filter((row) => row.key !== `${path}.${discriminator}` && (form === all[0] || !isShared(row)))
  return own.map((row) => (isShared(row) ? row : { ...row, text: `${value}: ${row.text}`.replace(/: $/, '') }))
}

function constantOf(form: JsonSchema): [key: string, value: string] | undefined {
  const entry = Object.entries(propertiesOf(form)).find(([, node]) => node['const'] !== undefined)
  return entry === undefined ? undefined : [entry[0], String(entry[1]['const'])]
}

function typeOf(node: JsonSchema, path: string): string {
  const forms = formsOf(node)
  const discriminator = forms.length > 1 ? constantOf(forms[0] ?? {})?.[0] : undefined
  if (discriminator !== undefined) return `mapping by \`${discriminator}\`: ${forms.map((form) => constantOf(form)?.[1]).join(', ')}`
  const key = path.split('.').at(-1) ?? ''
  const twin = isSecretKey(key) ? `, or \`${key}_file\`` : ''
  return `${[...new Set(forms.map(formName))].join(' or ')}${twin}`
}

function formName(form: JsonSchema): string {
  if (typeof form['title'] === 'string') return form['title']
  if (form['const'] !== undefined) return `\`${JSON.stringify(form['const'])}\``
  if (Array.isArray(form['enum'])) return form['enum'].map((value) => `\`${String(value)}\``).join(', ')
  const items = form['items']
  if (isNode(items)) return `list of ${typeOf(items, '')}`
  const [type] = asTexts(form['type'])
  const range = [form['minimum'], form['maximum']].map((bound) => (typeof bound === 'number' ? String(bound) : '')).join('–')
  const name =
    { string: 'text', integer: 'whole number', boolean: 'true or false', object: 'mapping', array: 'list' }[type ?? ''] ??
    type ??
    'any value'
  return range === '–' || name === 'text' ? name : `${name} ${range}`
}

/** The forms a value may have, without the placeholder that may stand for any. */
function formsOf(node: JsonSchema): JsonSchema[] {
  const forms = [...asNodes(node['anyOf']), ...asNodes(node['oneOf'])].filter((form) => !isPlaceholder(form))
  if (forms.length === 0) return [node]
  const { anyOf: _, oneOf: __, default: ___, description: ____, ...shared } = node
  return forms.flatMap((form) => formsOf({ ...shared, ...form }))
}

function isPlaceholder(form: JsonSchema): boolean {
  return form['pattern'] === placeholderPattern && !Array.isArray(form['type'])
}

function isMapping(node: JsonSchema): boolean {
  return node['type'] === 'object' || isNode(node['properties'])
}

function isTwin(key: string, node: JsonSchema): boolean {
  const secret = secretOfTwin(key)
  return secret !== undefined && Object.hasOwn(propertiesOf(node), secret)
}

function eitherRequired(node: JsonSchema): string[] {
  return asNodes(node['allOf']).flatMap((part) => asTexts(asNodes(part['anyOf'])[0]?.['required']))
}

function propertiesOf(node: JsonSchema): Record<string, JsonSchema> {
  return isNode(node['properties']) ? (node['properties'] as Record<string, JsonSchema>) : {}
}

function isEmptyMapping(value: unknown): boolean {
  return isNode(value) && Object.keys(value).length === 0
}

function asNodes(value: unknown): JsonSchema[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
}

function isNode(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

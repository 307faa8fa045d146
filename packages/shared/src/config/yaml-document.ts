import { isAlias, isMap, isScalar, isSeq, parseDocument, visit, type Alias, type Document, type Node, type YAMLMap } from 'yaml'
import { nearest } from './did-you-mean.ts'
import type { ConfigDocument, Origin } from './config-document.ts'
import { pathKey, type ConfigPath } from './config-path.ts'
import { maxDiagnostics, type Diagnostic } from './diagnostic.ts'
import { toDiagnostic } from './finding.ts'
import { createSourceText, positionOf, type SourceText, type Span } from './source-text.ts'
import { findControlCharacters, translateYamlErrors } from './yaml-errors.ts'
import { findRunawayNesting } from './yaml-nesting.ts'

/** Values in a file after its aliases are expanded; more is a mistake or an attack. */
const maxValues = 100_000
const maxDepth = 64

export type ParsedYaml = { readonly document?: ConfigDocument; readonly diagnostics: Diagnostic[] }

/** The YAML of a file as data with places. Without a document the text is too broken to look for further mistakes. Never throws. */
export function parseYaml(file: string, text: string): ParsedYaml {
  const source = createSourceText(file, text)
  const control = findControlCharacters(source)
  if (control.length > 0) return { diagnostics: control }
  const runaway = findRunawayNesting(text)
  if (runaway !== undefined)
    return { diagnostics: [toDiagnostic(source, { span: runaway, path: [], message: 'the file is nested too deeply to be read' })] }
  let yaml: Document.Parsed
  try {
    yaml = parseDocument(text, {
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
      resolveKnownTags: false,
      logLevel: 'error',
    })
  } catch {
    return { diagnostics: [about(source, 'the file is too deeply nested or too tangled to be read as YAML')] }
  }
  const { diagnostics, isFatal } = translateYamlErrors(yaml, source)
  if (isFatal) return { diagnostics }
  if (yaml.contents === null || (isScalar(yaml.contents) && yaml.contents.value === null)) {
    return { diagnostics: [...diagnostics, about(source, 'the file is empty', 'leave the file out to run with the defaults')] }
  }
  if (!isMap(yaml.contents)) {
    const hint = 'begin with a key at the left edge, for example "collector:"'
    return {
      diagnostics: [
        ...diagnostics,
        {
          ...about(source, `the file is ${isSeq(yaml.contents) ? 'a list' : 'a single value'}, not a mapping of keys to values`, hint),
          line: 1,
          column: 1,
        },
      ],
    }
  }
  const walk = new Walk(yaml, source)
  const data = walk.mapping(yaml.contents, [], 0)
  if (walk.isExhausted) return { diagnostics: [...diagnostics, ...walk.diagnostics] }
  return { document: { source, data, origins: walk.origins }, diagnostics: [...diagnostics, ...walk.diagnostics] }
}

function about(source: SourceText, message: string, hint?: string): Diagnostic {
  return { severity: 'error', file: source.file, path: '', message, ...(hint === undefined ? {} : { hint }) }
}

interface Entry {
  readonly key: string
  readonly span: Span
  readonly value: Node | null
}

/** Turns nodes into plain data, once; counts, so that aliases cannot multiply without bound. */
class Walk {
  readonly origins = new Map<string, Origin>()
  readonly diagnostics: Diagnostic[] = []
  readonly #source: SourceText
  readonly #targets = new Map<Alias, Node | undefined>()
  readonly #anchors = new Map<string, Node>()
  readonly #entries = new Map<YAMLMap, Entry[]>()
  /** Collections that are being walked: an alias to one of them would never end. */
  readonly #open = new Set<Node>()
  /** The outermost alias that is being expanded. */
  #alias: Alias | undefined
  #values = 0

  constructor(yaml: Document.Parsed, source: SourceText) {
    this.#source = source
    // One pass in the order of the text: an alias means the nearest anchor of its name before it. (Alias.resolve searches the document each time.)
    visit(yaml, {
      Alias: (_, alias) => void this.#targets.set(alias, this.#anchors.get(alias.source)),
      Value: (_, node) => void (node.anchor === undefined || this.#anchors.set(node.anchor, node)),
    })
  }

  get isExhausted(): boolean {
    return this.#values > maxValues
  }

  mapping(map: YAMLMap, path: ConfigPath, depth: number): Record<string, unknown> {
    const data: Record<string, unknown> = {}
    for (const entry of this.#entriesOf(map, path)) data[entry.key] = this.#value(entry.value, [...path, entry.key], entry.span, depth)
    return data
  }

  #value(node: Node | null, path: ConfigPath, key: Span | undefined, depth: number): unknown {
    if (this.isExhausted) return null
    const value = spanOf(node) ?? key ?? nowhere
    if (++this.#values > maxValues) {
      this.#report(
        spanOf(this.#alias) ?? value,
        [],
        `the file holds more than ${maxValues} values`,
        'aliases (*name) count as often as they are used',
      )
      return null
    }
    const target = isAlias(node) ? this.#resolve(node, path) : node
    const origin: Origin = { path, ...(key === undefined ? {} : { key }), value, isScalar: !isMap(target) && !isSeq(target) }
    const refuse = (message: string) => {
      this.#report(value, path, message)
      this.origins.set(pathKey(path), { ...origin, isUnresolved: true })
      return null
    }
    this.origins.set(pathKey(path), target === undefined ? { ...origin, isUnresolved: true } : origin)
    if (isScalar(target)) return toPlain(target.value)
    if (!isMap(target) && !isSeq(target)) return null
    if (depth >= maxDepth) return refuse(`is nested deeper than ${maxDepth} levels`)
    if (this.#open.has(target)) return refuse('this alias stands inside what it refers to')
    const outerAlias = this.#alias
    this.#alias ??= isAlias(node) ? node : undefined
    this.#open.add(target)
    const data = isMap(target)
      ? this.mapping(target, path, depth + 1)
      : target.items.map((item, index) => this.#value(item as Node | null, [...path, index], undefined, depth + 1))
    this.#open.delete(target)
    this.#alias = outerAlias
    return data
  }

  /** The keys of a mapping, its own first, then those that `<<` brings and it does not have itself. */
  #entriesOf(map: YAMLMap, path: ConfigPath): Entry[] {
    const known = this.#entries.get(map)
    if (known !== undefined) return known
    this.#entries.set(map, [])
    const entries = new Map<string, Entry>()
    const merges: { span: Span; value: Node | null }[] = []
    for (const pair of map.items) {
      const keyNode = pair.key as Node | null
      const value = pair.value as Node | null
      if (keyNode !== null && !isScalar(keyNode)) continue
      const key = typeof keyNode?.value === 'string' ? keyNode.value : ''
      const span = spanOf(keyNode) ?? spanOf(value) ?? spanOf(map) ?? nowhere
      const first = entries.get(key)
      if (key === '') this.#report(span, path, 'a key is missing before the colon')
      else if (key === '__proto__') this.#report(span, [...path, key], 'this name cannot be used')
      else if (key === '<<') merges.push({ span, value })
      else if (first === undefined) entries.set(key, { key, span, value })
      else
        this.#report(
          span,
          [...path, key],
          `is given twice; the first is in line ${positionOf(this.#source, first.span.start).line}`,
          'keep one of them',
        )
    }
    for (const { span, value } of merges) {
      for (const entry of this.#merged(value, span, path)) if (!entries.has(entry.key)) entries.set(entry.key, entry)
    }
    const list = [...entries.values()]
    this.#entries.set(map, list)
    return list
  }

  #merged(value: Node | null, span: Span, path: ConfigPath): Entry[] {
    const sources = isSeq(value) ? (value.items as Node[]) : [value]
    return sources.flatMap((source) => {
      const target = isAlias(source) ? this.#resolve(source, path) : source
      if (isMap(target)) return this.#entriesOf(target, path)
      if (target !== undefined)
        this.#report(
          spanOf(source) ?? span,
          [...path, '<<'],
          'merges something that is not a mapping',
          'write <<: *name, where &name marks a mapping',
        )
      return []
    })
  }

  #resolve(alias: Alias, path: ConfigPath): Node | undefined {
    const target = this.#targets.get(alias)
    if (target !== undefined) return target
    const near = nearest(alias.source, this.#anchors.keys())
    let hint = near === undefined ? 'a text that begins with * needs quotes' : `did you mean *${near}?`
    if (near === alias.source) hint = `put what &${near} marks above it`
    this.#report(spanOf(alias) ?? nowhere, path, `the alias *${alias.source} refers to nothing: no &${alias.source} stands before it`, hint)
    return undefined
  }

  #report(span: Span, path: ConfigPath, message: string, hint?: string): void {
    if (this.diagnostics.length <= maxDiagnostics) this.diagnostics.push(toDiagnostic(this.#source, { span, path, message, hint }))
  }
}

const nowhere: Span = { start: 0, end: 0 }

function toPlain(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

function spanOf(node: Node | null | undefined): Span | undefined {
  const range = node?.range
  return range === undefined || range === null ? undefined : { start: range[0], end: range[1] }
}

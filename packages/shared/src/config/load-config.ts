import type { z } from 'zod'
import { ConfigError } from '../errors.ts'
import { serviceNames, type ServiceName } from '../subjects.ts'
import { resolveBaseFiles } from './base-files.ts'
import { baseConfigSchema, type BaseConfig } from './base.ts'
import { diagnose, emptyDocument, type ConfigDocument } from './config-document.ts'
import { readConfigFile } from './config-file.ts'
import { createView } from './config-view.ts'
import type { CrossCheck } from './cross-check.ts'
import { maxDiagnostics, type Diagnostic } from './diagnostic.ts'
import { nearest } from './did-you-mean.ts'
import { findExposedSecrets } from './exposed-secrets.ts'
import { interpolate, type Environment } from './interpolate.ts'
import { readSecretFiles } from './secret-files.ts'
import { keysOf, validate } from './validate.ts'
import { parseYaml } from './yaml-document.ts'

export type SectionSchemas = Partial<Record<ServiceName, z.ZodType>>
type Sections<S extends SectionSchemas, R extends keyof S> = { [K in R]: S[K] extends z.ZodType ? z.output<S[K]> : never }

export interface LoadOptions<S extends SectionSchemas, R extends keyof S> {
  /** Without a file every section has its defaults. */
  file?: string | undefined
  /** Where `${NAME}` is looked up. */
  env: Environment
  /** The schema of each service's section. Sections of other services are accepted unread. */
  sections: S
  /** The services that run here: of their sections (and of what all services share) secrets are resolved. */
  run: readonly R[] | 'all'
  crossChecks?: readonly CrossCheck[]
}

export type LoadedConfig<S extends SectionSchemas, R extends keyof S> = {
  ok: true
  base: BaseConfig
  sections: Sections<S, R>
  warnings: Diagnostic[]
  /** Every file that was read: when one changes, so may the configuration. */
  files: string[]
}
export type RejectedConfig = { ok: false; diagnostics: Diagnostic[]; files: string[] }

const baseKeys = Object.keys(baseConfigSchema.shape)

/**
 * Reads the one configuration file for the services that run here. Gives the validated sections, or everything that is wrong with the
 * file at once. Wrong input never throws.
 */
export async function loadConfig<S extends SectionSchemas, R extends keyof S = keyof S>(
  options: LoadOptions<S, R>,
): Promise<LoadedConfig<S, R> | RejectedConfig> {
  const { file } = options
  if (file === undefined) return evaluate(options, emptyDocument(), [], [])
  const files = [file]
  const content = await readConfigFile(file)
  if (!content.ok) return { ok: false, diagnostics: content.diagnostics, files }
  const { document, diagnostics } = parseYaml(file, content.text)
  if (document === undefined) return { ok: false, diagnostics, files }
  const active = new Set<string>([...baseKeys, ...serviceList(options.sections, options.run)])
  const isActive = (key: string) => active.has(key)
  const found = [...diagnostics, ...interpolate(document, options.env, isActive), ...findExposedSecrets(document, content.mode, isActive)]
  const secrets = await readSecretFiles(document, isActive)
  return evaluate(options, document, [...found, ...secrets.diagnostics], [...files, ...secrets.files])
}

/** The configuration without a file. Fails only when a section has keys without a default. */
export async function loadDefaults<S extends SectionSchemas, R extends keyof S = keyof S>(
  options: Omit<LoadOptions<S, R>, 'file' | 'env'>,
): Promise<LoadedConfig<S, R>> {
  const loaded = await loadConfig<S, R>({ ...options, env: {} })
  if (loaded.ok) return loaded
  const missing = loaded.diagnostics.map((diagnostic) => `${diagnostic.path} ${diagnostic.message}`).join(', ')
  throw new ConfigError(
    'config_needed',
    `there are no defaults for everything (${missing}); write a configuration file and name it with --config`,
  )
}

async function evaluate<S extends SectionSchemas, R extends keyof S>(
  options: LoadOptions<S, R>,
  document: ConfigDocument,
  found: readonly Diagnostic[],
  files: string[],
): Promise<LoadedConfig<S, R> | RejectedConfig> {
  const { data } = document
  const schemas = new Map(
    serviceNames.flatMap((name) => (options.sections[name] === undefined ? [] : [[name, options.sections[name]] as const])),
  )
  const run = new Set(serviceList(options.sections, options.run))
  const homesOf = (key: string) => [
    ...(baseKeys.includes(key) ? ['at the top level'] : []),
    ...[...schemas].flatMap(([name, schema]) => (keysOf(schema).includes(key) ? [`under "${name}:"`] : [])),
  ]
  const diagnostics = [...found]
  for (const [key, value] of Object.entries(data)) {
    const isKnown = baseKeys.includes(key) || (serviceNames as readonly string[]).includes(key)
    if (!isKnown) diagnostics.push(...refuseTopLevel(document, key, homesOf))
    // A key whose whole content is commented out is as good as absent.
    if (value === null) delete data[key]
  }
  const readBase = () => Object.fromEntries(Object.entries(data).filter(([key]) => baseKeys.includes(key)))
  const validBase = validate(document, { prefix: [], read: readBase, schema: baseConfigSchema, homesOf })
  diagnostics.push(...validBase.diagnostics)
  const base = validBase.value as BaseConfig | undefined
  if (base !== undefined) diagnostics.push(...(await resolveBaseFiles(document, base)))
  const sections = new Map<ServiceName, unknown>()
  for (const [name, schema] of schemas) {
    if (!run.has(name) && !Object.hasOwn(data, name)) continue
    const valid = validate(document, { prefix: [name], read: () => data[name] ?? {}, schema, homesOf })
    diagnostics.push(...valid.diagnostics)
    if (valid.diagnostics.length === 0 && valid.value !== undefined) sections.set(name, valid.value)
  }
  const view = createView({ document, base, schemas, sections, run })
  for (const check of options.crossChecks ?? [])
    diagnostics.push(...check(view).map((problem) => diagnose(document, { on: 'value', ...problem })))
  const ordered = inOrder(diagnostics, document.source.file)
  if (base === undefined || ordered.some((diagnostic) => diagnostic.severity === 'error')) return { ok: false, diagnostics: ordered, files }
  const chosen = Object.fromEntries([...sections].filter(([name]) => run.has(name))) as Sections<S, R>
  return { ok: true, base, sections: chosen, warnings: ordered, files }
}

function serviceList<S extends SectionSchemas, R extends keyof S>(sections: S, run: readonly R[] | 'all'): ServiceName[] {
  const given = serviceNames.filter((name) => sections[name] !== undefined)
  if (run === 'all') return given
  const unknown = run.filter((name) => !(given as readonly PropertyKey[]).includes(name))
  if (unknown.length > 0) throw new ConfigError('no_such_section', `no schema is given for ${unknown.map(String).join(', ')}`)
  return given.filter((name) => (run as readonly PropertyKey[]).includes(name))
}

function refuseTopLevel(document: ConfigDocument, key: string, homesOf: (key: string) => string[]): Diagnostic[] {
  const known = [...baseKeys, ...serviceNames]
  const near = nearest(key, known)
  const homes = homesOf(key)
  let hint = `known here: ${known.join(', ')}`
  if (near !== undefined) hint = `did you mean "${near}"?`
  else if (homes.length > 0) hint = `it belongs ${homes.join(' or ')}`
  return [diagnose(document, { path: [key], on: 'key', message: 'unknown key', hint })]
}

function placeOf({ line, column }: Diagnostic): string {
  return `${line}:${column}`
}

/** In the order of the file, each once, and not without end. */
function inOrder(diagnostics: readonly Diagnostic[], file: string): Diagnostic[] {
  const unique = [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()]
  // What is broken as YAML (it has no path) is also wrong in other ways at the same place.
  const broken = new Set(unique.filter(({ path, line }) => path === '' && line !== undefined).map(placeOf))
  const sorted = unique
    .filter((diagnostic) => diagnostic.path === '' || !broken.has(placeOf(diagnostic)))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  if (sorted.length <= maxDiagnostics) return sorted
  const rest: Diagnostic = { severity: 'error', file, path: '', message: 'there are more errors, which are not shown' }
  return [...sorted.slice(0, maxDiagnostics), rest]
}

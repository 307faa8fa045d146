import type { z } from 'zod'
import type { ServiceName } from '../subjects.ts'
import type { BaseConfig } from './base.ts'
import { originOf, type ConfigDocument } from './config-document.ts'
import { valueAt } from './config-path.ts'
import { findAll, type ConfigView } from './cross-check.ts'

/** What a view is made of: the file, and what of it was found to be right. */
export interface ViewParts {
  readonly document: ConfigDocument
  readonly base: BaseConfig | undefined
  readonly schemas: ReadonlyMap<ServiceName, z.ZodType>
  readonly sections: ReadonlyMap<ServiceName, unknown>
  readonly run: ReadonlySet<ServiceName>
}

export function createView(parts: ViewParts): ConfigView {
  const { document, base, sections } = parts
  return {
    base,
    section: (service) => sections.get(service),
    find: (pattern) => findAll(document.data, pattern).filter(({ path }) => originOf(document, path)?.isUnresolved !== true),
    names: (path) => namesIn(parts, path.split('.')),
  }
}

function namesIn(parts: ViewParts, path: readonly string[]): string[] | undefined {
  const written = valueAt(parts.document.data, path)
  if (written !== undefined) return keysOfMapping(written)
  const service = path[0] as ServiceName
  const schema = parts.schemas.get(service)
  if (schema === undefined || !(parts.run.has(service) || Object.hasOwn(parts.document.data, service))) return undefined
  const section = parts.sections.get(service) ?? schema.safeParse({}).data
  return keysOfMapping(valueAt(section, path.slice(1)) ?? {})
}

function keysOfMapping(value: unknown): string[] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined
}

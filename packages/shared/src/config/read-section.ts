import type { z } from 'zod'
import type { ServiceName } from '../subjects.ts'
import type { CrossCheck } from './cross-check.ts'
import { loadConfig } from './load-config.ts'
import type { ChildConfig } from './read-config-in-child.ts'

export interface SectionOptions<S extends z.ZodType> {
  readonly service: ServiceName
  readonly schema: S
  readonly crossChecks?: readonly CrossCheck[]
}

/** The configuration as one service alone sees it: what all share, and its own section. Without a file, the defaults. */
export async function readSection<S extends z.ZodType>(
  options: SectionOptions<S>,
  file: string | undefined,
): Promise<ChildConfig<z.output<S>>> {
  const { service, schema, crossChecks = [] } = options
  const loaded = await loadConfig({ file, env: process.env, sections: { [service]: schema }, run: [service], crossChecks })
  if (!loaded.ok) return loaded
  const { base, sections, warnings, files } = loaded
  return { ok: true, base, config: sections[service] as z.output<S>, warnings, files }
}

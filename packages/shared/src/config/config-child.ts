import type { z } from 'zod'
import type { ServiceName } from '../subjects.ts'
import type { CrossCheck } from './cross-check.ts'
import { loadConfig } from './load-config.ts'

export interface ConfigChildOptions {
  readonly service: ServiceName
  /** Gives plain data: what it makes must survive JSON. */
  readonly schema: z.ZodType
  readonly crossChecks?: readonly CrossCheck[]
}

/**
 * The whole of a child process that reads the configuration for a service whose own process loads neither zod nor yaml. Called with the
 * file as its only argument, or none for the defaults. Writes one line of JSON, as readConfigInChild expects it; exit code 1 when the
 * configuration is wrong. An entry is these lines:
 *
 *     import { runConfigChild } from '@nightshift/shared/config/config-child'
 *     import { collectorConfigSchema } from './config.ts'
 *
 *     await runConfigChild({ service: 'collector', schema: collectorConfigSchema })
 */
export async function runConfigChild(options: ConfigChildOptions): Promise<void> {
  const { service, schema, crossChecks = [] } = options
  const loaded = await loadConfig({ file: process.argv[2], env: process.env, sections: { [service]: schema }, run: [service], crossChecks })
  const { files } = loaded
  const outcome = loaded.ok ? { ok: true, base: loaded.base, config: loaded.sections[service], warnings: loaded.warnings, files } : loaded
  process.exitCode = loaded.ok ? 0 : 1
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(outcome)}\n`, resolve))
}

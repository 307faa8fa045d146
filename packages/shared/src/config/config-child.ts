import type { z } from 'zod'
import { readSection, type SectionOptions } from './read-section.ts'

/**
 * The whole of a child process that reads the configuration for a service whose own process loads neither zod nor yaml. Called with the
 * file as its only argument, or none for the defaults. Writes one line of JSON, as readConfigInChild expects it; exit code 1 when the
 * configuration is wrong. What the schema makes must be plain data that survives JSON. An entry is these lines:
 *
 *     import { runConfigChild } from '@nightshift/shared/config/config-child'
 *     import { collectorConfigSchema } from './config.ts'
 *
 *     await runConfigChild({ service: 'collector', schema: collectorConfigSchema })
 */
export async function runConfigChild(options: SectionOptions<z.ZodType>): Promise<void> {
  const outcome = await readSection(options, process.argv[2])
  process.exitCode = outcome.ok ? 0 : 1
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(outcome)}\n`, resolve))
}

import { dirname, resolve } from 'node:path'
import { readConfigFile } from '@nightshift/shared/config/config-file'
import { formatReport, type Diagnostic } from '@nightshift/shared/config/diagnostic'
import { validate } from '@nightshift/shared/config/validate'
import { parseYaml } from '@nightshift/shared/config/yaml-document'
import { ConfigError } from '@nightshift/shared/errors'
import { scenarioFileSchema, type Scenario, type ScenarioFile } from '@nightshift/alerter/simulate/scenario/scenario-config'
import type { Terminal } from '../commands/command.ts'

export interface OpenScenarioFile {
  readonly tests: readonly Scenario[]
  /** The configuration that it names, if it names one. */
  readonly config: string | undefined
}

/** Reads a file of tests. Throws ConfigError `tests_invalid` with everything that is wrong, each with its line. */
export async function openScenarioFile(file: string, terminal: Terminal): Promise<OpenScenarioFile> {
  const refuse = (diagnostics: readonly Diagnostic[]): never => {
    throw new ConfigError('tests_invalid', `the tests cannot be run\n\n${formatReport(diagnostics, { color: terminal.isTty })}`)
  }
  const content = await readConfigFile(file)
  if (!content.ok) return refuse(content.diagnostics)
  const { document, diagnostics } = parseYaml(file, content.text)
  if (document === undefined || diagnostics.length > 0) return refuse(diagnostics)
  const validated = validate(document, { prefix: [], read: () => document.data, schema: scenarioFileSchema, homesOf: () => [] })
  if (validated.value === undefined) return refuse(validated.diagnostics)
  const { tests, config } = validated.value as ScenarioFile
  return { tests, config: config === undefined ? undefined : resolve(dirname(file), config) }
}

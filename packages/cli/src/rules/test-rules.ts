import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '@nightshift/shared/errors'
import { runScenario, type ScenarioResult } from '@nightshift/alerter/simulate/scenario/run-scenario'
import type { Terminal } from '../commands/command.ts'
import { findConfigFile } from '../config/open-config.ts'
import { junitOf } from './junit.ts'
import { openScenarioFile } from './scenario-file.ts'
import { openSimulationConfig } from './simulation-config.ts'

export interface TestFlags {
  readonly config?: string | undefined
  readonly junit?: string | undefined
  /** Only tests whose name matches. */
  readonly run?: string | undefined
}

/** Runs the tests of each file through the whole pipeline; exit code 1 when one fails. */
export async function testRules(files: readonly string[], flags: TestFlags, terminal: Terminal): Promise<number> {
  const results: ScenarioResult[] = []
  const wanted = flags.run === undefined ? undefined : readPattern(flags.run)
  for (const name of files) {
    const file = await openScenarioFile(resolve(terminal.cwd, name), terminal)
    const { base, config } = await openSimulationConfig(findConfigFile(flags.config ?? file.config, terminal.cwd), terminal)
    for (const test of file.tests.filter((each) => wanted?.test(each.name) !== false)) {
      const result = await runScenario(test, base, config)
      results.push(result)
      report(name, result, terminal)
    }
  }
  if (results.length === 0) throw new ConfigError('usage', `no test has a name that matches ${flags.run ?? ''}`)
  const failed = results.filter(({ failures }) => failures.length > 0).length
  if (flags.junit !== undefined) writeFileSync(resolve(terminal.cwd, flags.junit), junitOf(files.join(' '), results))
  terminal.out(`${results.length - failed} passed${failed === 0 ? '' : `, ${failed} failed`}`)
  return failed === 0 ? 0 : 1
}

function report(file: string, { name, failures, messages }: ScenarioResult, terminal: Terminal): void {
  if (failures.length === 0) return terminal.out(`ok      ${file}: ${name} (${messages} message${messages === 1 ? '' : 's'})`)
  terminal.out(`FAILED  ${file}: ${name}`)
  for (const line of failures.join('\n').split('\n')) terminal.out(`  ${line}`)
}

function readPattern(text: string): RegExp {
  try {
    return new RegExp(text, 'i')
  } catch (cause) {
    throw new ConfigError('usage', `--run ${text}: is no regular expression`, { cause })
  }
}

import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { findConfigFile, type Config } from '../config/open-config.ts'
import { findDataFolder } from '../data-folder/data-path.ts'
import { formatFinding, type Finding } from '../doctor/finding.ts'
import { examineMachine } from '../doctor/machine.ts'
import { examineReadiness } from '../doctor/readiness.ts'
import { examineRunning } from '../doctor/running.ts'
import { crossChecks, sectionSchemas } from '../services.ts'
import { readFlags, type Command } from './command.ts'

const usage = 'nightshift doctor [--config FILE] [--data DIR] [--json]'

/** Looks for what is missing or about to go wrong; exit code 1 when something needs a person. */
export const doctor: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags(
      { usage },
      { args, options: { config: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean', default: false } } },
    )
    const file = findConfigFile(values.config, terminal.cwd)
    const dataFolder = findDataFolder(values.data, terminal.env, terminal.cwd)
    const loaded = await loadConfig({ file, env: terminal.env, sections: sectionSchemas, run: 'all', crossChecks })
    const config = loaded.ok ? loaded : undefined
    const parts: [title: string, findings: Finding[]][] = [
      ['machine', examineMachine(config?.base, dataFolder, terminal.env)],
      ['configuration', examineConfig(file, loaded)],
      ['running', await examineRunning(dataFolder)],
      ['ready for the night', config === undefined ? [] : examineReadiness(config)],
    ]
    if (values.json) terminal.out(JSON.stringify(Object.fromEntries(parts)))
    else parts.forEach(([title, findings]) => print(title, findings, terminal.out))
    return parts.some(([, findings]) => findings.some(({ verdict }) => verdict === 'bad')) ? 1 : 0
  },
}

function print(title: string, findings: Finding[], out: (line: string) => void): void {
  out(title)
  findings.forEach((finding) => out(`  ${formatFinding(finding)}`))
}

function examineConfig(
  file: string | undefined,
  loaded: Config | Extract<Awaited<ReturnType<typeof loadConfig>>, { ok: false }>,
): Finding[] {
  const found = loaded.ok ? loaded.warnings : loaded.diagnostics
  const findings = found.map((diagnostic): Finding => ({
    verdict: diagnostic.severity === 'error' ? 'bad' : 'note',
    what: formatDiagnostic(diagnostic),
  }))
  if (!loaded.ok) return findings
  return [
    ...findings,
    file === undefined
      ? { verdict: 'note', what: 'no nightshift.yaml here', advice: 'the defaults are in use' }
      : { verdict: 'good', what: file },
  ]
}

import { formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { ConfigError } from '@nightshift/shared/errors'
import { findConfigFile } from '../config/open-config.ts'
import { crossChecks, runnableServices, sectionSchemas, type RunnableService } from '../services.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift check-config [FILE] [--for SERVICE[,SERVICE]] [--json]
  Secrets are looked up only for the services named with --for; without it for all of them: ${runnableServices.join(', ')}`

/** Says everything that is wrong with a configuration file; exit code 1 when something is. */
export const checkConfig: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags(
      { usage },
      { args, allowPositionals: true, options: { for: { type: 'string' }, json: { type: 'boolean', default: false } } },
    )
    const file = findConfigFile(positionals[0], terminal.cwd)
    if (file === undefined) throw new ConfigError('usage', `there is no nightshift.yaml here; name the file\nusage: ${usage}`)
    const loaded = await loadConfig({ file, env: terminal.env, sections: sectionSchemas, run: readServices(values.for), crossChecks })
    const diagnostics = loaded.ok ? loaded.warnings : loaded.diagnostics
    if (values.json) terminal.out(JSON.stringify({ ok: loaded.ok, diagnostics }))
    else if (diagnostics.length > 0) terminal.out(formatReport(diagnostics, { color: terminal.isTty }))
    if (loaded.ok && !values.json) terminal.out(`${file} is good`)
    return loaded.ok ? 0 : 1
  },
}

function readServices(flag: string | undefined): RunnableService[] | 'all' {
  if (flag === undefined) return 'all'
  return flag.split(',').map((name) => {
    const service = runnableServices.find((known) => known === name.trim())
    if (service === undefined)
      throw new ConfigError('usage', `--for ${name}: there is no such service; there are ${runnableServices.join(', ')}`)
    return service
  })
}

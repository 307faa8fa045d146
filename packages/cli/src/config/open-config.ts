import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig, type LoadedConfig } from '@nightshift/shared/config/load-config'
import type { WatchOptions } from '@nightshift/shared/config/watch-config'
import { ConfigError, describeError } from '@nightshift/shared/errors'
import type { Terminal } from '../commands/command.ts'
import { crossChecks, sectionSchemas, type RunnableService } from '../services.ts'

export type Config = LoadedConfig<typeof sectionSchemas, RunnableService>

/** The configuration file a command means: --config, else `nightshift.yaml` in this folder when there is one. */
export function findConfigFile(flag: string | undefined, cwd: string): string | undefined {
  if (flag !== undefined) return resolve(cwd, flag)
  const here = join(cwd, 'nightshift.yaml')
  return existsSync(here) ? here : undefined
}

/** Reads the configuration for all services. Throws ConfigError `config_invalid` with every error in it; prints its warnings. */
export async function openConfig(file: string | undefined, terminal: Terminal): Promise<Config> {
  const loaded = await load(file, terminal)
  if (!loaded.ok)
    throw new ConfigError(
      'config_invalid',
      `the configuration cannot be used\n\n${formatReport(loaded.diagnostics, { color: terminal.isTty })}`,
    )
  if (loaded.warnings.length > 0) terminal.err(formatReport(loaded.warnings, { color: terminal.isTty }))
  return loaded
}

/** Reads it again when it changes or on SIGHUP. A bad one is told and the old one stays. */
export function reloadOptions(
  file: string | undefined,
  config: Config,
  terminal: Terminal,
  apply: (changed: Config) => Promise<void>,
): WatchOptions<Config> {
  return {
    files: config.files,
    load: () => load(file, terminal),
    apply: async (changed) => {
      await apply(changed)
      terminal.out('configuration: the changed file is in use')
    },
    reject: (rejection) => {
      const why =
        'diagnostics' in rejection ? formatReport(rejection.diagnostics, { color: terminal.isTty }) : describeError(rejection.error)
      terminal.err(`configuration: the changed file cannot be used, the old one stays\n\n${why}`)
    },
  }
}

function load(file: string | undefined, terminal: Terminal) {
  return loadConfig({ file, env: terminal.env, sections: sectionSchemas, run: 'all', crossChecks })
}

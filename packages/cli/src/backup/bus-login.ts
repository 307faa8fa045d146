import type { BaseConfig, NatsConfig } from '@nightshift/shared/config/base'
import { ConfigError } from '@nightshift/shared/errors'
import { loginOf, openUsers } from '../broker/broker-users.ts'
import type { Terminal } from '../commands/command.ts'
import { findDataFolder } from '../data-folder/data-path.ts'
import { readRunFile, type RunFile } from '../data-folder/run-file.ts'
import { splitUrl } from '../operator/connect-operator.ts'

/**
 * How the backup reaches an object store of the bus: as `--nats` says, as the configuration says, else by the `up` that runs on this host, as
 * its backup service or, to make an object store, as its admin.
 */
export function busLogin(
  base: BaseConfig,
  flags: { data?: string | undefined; nats?: string | undefined },
  role: 'backup' | 'admin',
  terminal: Terminal,
): NatsConfig {
  if (flags.nats !== undefined) return { ...base.nats, servers: [flags.nats] }
  const { user, creds_file: credsFile, nkey, servers } = base.nats
  const isNamed = [user, credsFile, nkey].some((login) => login !== undefined) || servers.some((url) => splitUrl(url).user !== undefined)
  if (isNamed && flags.data === undefined) return base.nats
  const folder = findDataFolder(flags.data, terminal.env, terminal.cwd)
  const run = runningOn(folder, flags.data !== undefined)
  if (run === undefined) return base.nats
  return loginOf(openUsers(folder), role, role === 'admin' ? null : run.host, splitUrl(run.nats_url).server)
}

/** Undefined when nothing runs there, unless it was named. */
function runningOn(folder: string, isNamed: boolean): RunFile | undefined {
  try {
    return readRunFile(folder)
  } catch (error) {
    if (isNamed || !(error instanceof ConfigError)) throw error
    return undefined
  }
}

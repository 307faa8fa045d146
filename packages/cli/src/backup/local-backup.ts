import { hostname } from 'node:os'
import pino from 'pino'
import { backupConfigSchema, backupCrossChecks, type BackupConfig } from '@nightshift/backup/config'
import { Destinations, type OpenDestination } from '@nightshift/backup/local/destinations'
import { systemClock, type Clock } from '@nightshift/shared/clock'
import type { BaseConfig } from '@nightshift/shared/config/base'
import { formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { ConfigError } from '@nightshift/shared/errors'
import type { Terminal } from '../commands/command.ts'
import { findConfigFile } from '../config/open-config.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { version } from '../version.ts'
import { busLogin } from './bus-login.ts'

/** Flags of everything that works with nothing but the configuration file and the password; the bus only for an object store of it. */
export const localFlags = { config: { type: 'string' }, ...operatorFlags } as const

interface LocalFlags {
  readonly config?: string | undefined
  readonly data?: string | undefined
  readonly nats?: string | undefined
}

/** The backup of this host without a bus. */
export interface LocalBackup {
  readonly config: BackupConfig
  readonly base: BaseConfig
  readonly host: string
  readonly timezone: string
  readonly version: string
  readonly destinations: Destinations
  readonly clock: Clock
  readonly log: pino.Logger
  /** Aborts with Ctrl-C. */
  readonly signal: AbortSignal
}

/** The same, with at least one destination. Throws ConfigError `config_invalid`, `no_destinations`. */
export async function openLocalBackup(flags: LocalFlags, terminal: Terminal, role: 'backup' | 'admin' = 'backup'): Promise<LocalBackup> {
  const local = await openConfiguredBackup(flags, terminal, role)
  if (local.destinations.names.length > 0) return local
  const file = findConfigFile(flags.config, terminal.cwd)
  throw new ConfigError('no_destinations', `${file ?? 'the configuration'} has no backup.destinations; name the file with --config`)
}

/** Reads the configuration of the backup alone: no secret of another service is needed. Throws ConfigError `config_invalid`. */
export async function openConfiguredBackup(
  flags: LocalFlags,
  terminal: Terminal,
  role: 'backup' | 'admin' = 'backup',
): Promise<LocalBackup> {
  const file = findConfigFile(flags.config, terminal.cwd)
  const loaded = await loadConfig({
    file,
    env: terminal.env,
    sections: { backup: backupConfigSchema },
    run: ['backup'],
    crossChecks: backupCrossChecks,
  })
  if (!loaded.ok) {
    const report = formatReport(loaded.diagnostics, { color: terminal.isTty })
    throw new ConfigError('config_invalid', `the configuration cannot be used\n\n${report}`)
  }
  const { base, sections } = loaded
  const config = sections.backup
  const host = (base.host ?? hostname()).toLowerCase()
  const usesBus = Object.values(config.destinations).some(({ kind }) => kind === 'nats')
  const nats = usesBus ? busLogin(base, flags, role, terminal) : base.nats
  const log = pino({ level: 'warn' }, { write: (line) => terminal.err(messageOf(line)) })
  return {
    config,
    base,
    host,
    timezone: base.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    version,
    destinations: new Destinations(config, { host, nats, clock: systemClock }),
    clock: systemClock,
    log,
    signal: interruptSignal(),
  }
}

/** Opens one destination with its index for as long as the work takes. */
export async function withDestination<T>(local: LocalBackup, name: string, work: (open: OpenDestination) => Promise<T>): Promise<T> {
  const open = await local.destinations.open(name, local.signal)
  try {
    return await work(open)
  } finally {
    await open.close()
  }
}

/** The destinations that a command means: the one that --to names, else all. */
export function chosenDestinations(local: LocalBackup, to: string | undefined): string[] {
  if (to === undefined) return local.destinations.names
  local.destinations.config(to)
  return [to]
}

function messageOf(line: string): string {
  return `warning: ${(JSON.parse(line) as { msg?: string }).msg ?? line}`
}

let interrupted: AbortController | undefined

/** One for the process. The second Ctrl-C ends it as it always does. */
function interruptSignal(): AbortSignal {
  if (interrupted !== undefined) return interrupted.signal
  const controller = (interrupted = new AbortController())
  const stop = (): void =>
    controller.abort(new ConfigError('interrupted', 'stopped by Ctrl-C; what was stored so far is used by the next run'))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  return controller.signal
}

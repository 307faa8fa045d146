import type { CollectorConfig } from '../config.ts'
import type { Look, LookContext } from './look.ts'

export type SecurityConfig = NonNullable<CollectorConfig['security']>

/** A side of the host's security that is looked at by itself. Its check is `security-<name>`. */
export interface Aspect {
  readonly name: string
  /** Undefined when the config does not ask for it. */
  schedule(config: SecurityConfig): { everyMs: number; timeoutMs: number } | undefined
  /** What of the config it depends on. */
  options(config: SecurityConfig): unknown
  look(config: SecurityConfig, context: LookContext): Promise<Look>
}

/** Of an aspect that costs more than others; what is absent is that of the section. */
interface Timing {
  readonly every?: number | undefined
  readonly timeout?: number | undefined
}

/** To add one: a file in aspects/, a line here, its section in config/security.ts. Each is loaded when the config asks for it. */
export const aspects: readonly Aspect[] = [
  aspect(
    'permissions',
    ({ permissions }) => (permissions.length > 0 ? permissions : undefined),
    async () => (await import('./aspects/permissions.ts')).lookAtPermissions,
  ),
  aspect(
    'files',
    ({ files }) => (files.roots.length > 0 ? files : undefined),
    async () => (await import('./aspects/files.ts')).lookAtFiles,
    (options) => options,
  ),
  aspect(
    'folders',
    ({ folders }) => (folders.length > 0 ? folders : undefined),
    async () => (await import('./aspects/folders.ts')).lookAtFolders,
  ),
  aspect(
    'certificates',
    ({ certificates }) => (certificates.paths.length > 0 ? certificates : undefined),
    async () => (await import('./aspects/certificates.ts')).lookAtCertificates,
  ),
  aspect(
    'keys',
    ({ keys }) => (keys.records.length + keys.files.length > 0 ? keys : undefined),
    async () => (await import('./aspects/keys.ts')).lookAtKeys,
  ),
  aspect(
    'ports',
    ({ ports }) => ifEnabled(ports),
    async () => (await import('./aspects/ports.ts')).lookAtPorts,
  ),
  aspect(
    'failed-logins',
    (config) => ifEnabled(config.failed_logins),
    async () => (await import('./aspects/failed-logins.ts')).lookAtFailedLogins,
  ),
  aspect(
    'accounts',
    ({ accounts }) => ifEnabled(accounts),
    async () => (await import('./aspects/accounts.ts')).lookAtAccounts,
  ),
  aspect(
    'sudoers',
    ({ sudoers }) => ifEnabled(sudoers),
    async () => (await import('./aspects/sudoers.ts')).lookAtSudoers,
  ),
  aspect(
    'authorized-keys',
    (config) => ifEnabled(config.authorized_keys),
    async () => (await import('./aspects/authorized-keys.ts')).lookAtAuthorizedKeys,
  ),
  aspect(
    'firewall',
    ({ firewall }) => ifEnabled(firewall),
    async () => (await import('./aspects/firewall.ts')).lookAtFirewall,
  ),
  aspect(
    'system-files',
    (config) => ifEnabled(config.system_files),
    async () => (await import('./aspects/system-files.ts')).lookAtSystemFiles,
  ),
  aspect(
    'secrets',
    ({ secrets }) => secrets,
    async () => (await import('./aspects/secrets.ts')).lookForSecrets,
    (options) => options,
  ),
  aspect(
    'dependencies',
    ({ dependencies }) => (dependencies.projects.length > 0 ? dependencies : undefined),
    async () => (await import('./aspects/dependencies.ts')).lookAtDependencies,
    (options) => options,
  ),
]

function aspect<O extends object>(
  name: string,
  optionsOf: (config: SecurityConfig) => O | undefined,
  load: () => Promise<(options: O, context: LookContext) => Promise<Look>>,
  timingOf: (options: O) => Timing = () => ({}),
): Aspect {
  return {
    name,
    options: optionsOf,
    schedule(config) {
      const options = optionsOf(config)
      if (options === undefined) return undefined
      const { every, timeout } = timingOf(options)
      return { everyMs: every ?? config.every, timeoutMs: timeout ?? config.timeout }
    },
    async look(config, context) {
      const options = optionsOf(config)
      if (options === undefined) throw new TypeError(`${name} is not asked for`)
      return await (
        await load()
      )(options, context)
    },
  }
}

function ifEnabled<O extends { enabled: boolean }>(options: O): O | undefined {
  return options.enabled ? options : undefined
}

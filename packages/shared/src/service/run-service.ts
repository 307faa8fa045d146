import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { formatReport } from '../config/diagnostic.ts'
import type { ChildConfig } from '../config/read-config-in-child.ts'
import { watchConfig, type ConfigWatch, type Rejection } from '../config/watch-config.ts'
import { describeError, NightshiftError } from '../errors.ts'
import { endOnCrash } from './crash.ts'
import { ErrorCounts } from './error-counts.ts'
import { exitCodes } from './exit-codes.ts'
import { lockFolder, type FolderLock } from './folder-lock.ts'
import type { ServiceHandle } from './handle.ts'
import { machineReader } from './health.ts'
import { startHttp, type HttpServer } from './http-server.ts'
import { startService } from './lifecycle.ts'
import { createLog, setLevel } from './log.ts'
import { healthRoute, probeRoute, serviceRoute } from './probe-routes.ts'
import { redactText } from './redact.ts'
import type { ServiceDefinition } from './service.ts'
import { awaitStopSignal } from './stop-signal.ts'

/** Reads and validates the configuration of one service; without a file, the defaults. */
export type ReadConfig<C> = (file: string | undefined) => Promise<ChildConfig<C>>

export interface RunOptions<C> {
  definition: ServiceDefinition<C>
  readConfig: ReadConfig<C>
  file: string | undefined
  version: string
}

type Loaded<C> = Extract<ChildConfig<C>, { ok: true }>

const stopDeadlineMs = 5000
const httpCloseMs = 500

/** Runs one service alone in this process, with its HTTP port, until a signal or a failure ends it. Resolves with the exit code. */
export async function runService<C>(options: RunOptions<C>): Promise<number> {
  const loaded = await load(options)
  if (loaded === undefined) return exitCodes.refused
  const { base } = loaded
  const { name } = options.definition
  const errors = new ErrorCounts()
  const isTerminal = process.stdout.isTTY
  const host = (base.host ?? hostname()).toLowerCase()
  const form = isTerminal ? 'people' : 'json'
  const log = createLog({
    service: name,
    host,
    level: base.log.level,
    form,
    color: isTerminal && process.env['NO_COLOR'] === undefined,
    errors,
  })
  const signal = awaitStopSignal()
  let handle: ServiceHandle<C> | undefined
  let http: HttpServer | undefined
  let lock: FolderLock | undefined
  let watch: ConfigWatch | undefined
  const forgetCrash = endOnCrash(log, async (deadlineMs) => await handle?.stop(deadlineMs))
  try {
    const stateDir = resolve(base.state_dir ?? `data/${name}`)
    lock = lockFolder(stateDir, '`state_dir:`')
    handle = await startService(options.definition, { base, config: loaded.config, stateDir, host, version: options.version, log, errors })
    // Before anybody can see that it runs, and send a SIGHUP, whose default is the end of the process.
    watch = await followConfig(options, loaded, handle, log)
    http = await listen(handle, loaded, options.definition.port, stateDir, log)
    log.info(
      { version: options.version, http: http.url, state_dir: stateDir, node_version: process.versions.node },
      `${name} started on ${host}`,
    )
    const told = await Promise.race([signal.received, handle.stopped])
    if (typeof told === 'string') log.info({ signal: told }, 'stopping')
  } catch (error) {
    log.fatal({ error }, `${name} cannot run: ${describeError(error)}`)
    return exitCodes.refused
  } finally {
    await watch?.stop()
    await handle?.stop(stopDeadlineMs)
    await http?.close(httpCloseMs)
    lock?.release()
    forgetCrash()
    signal.forget()
  }
  return handle.failure === undefined ? exitCodes.stopped : exitCodes.refused
}

async function load<C>({ readConfig, file, definition }: RunOptions<C>): Promise<Loaded<C> | undefined> {
  const color = process.stderr.isTTY && process.env['NO_COLOR'] === undefined
  try {
    const loaded = await readConfig(file)
    const found = loaded.ok ? loaded.warnings : loaded.diagnostics
    if (found.length > 0) process.stderr.write(`${formatReport(found, { color })}\n`)
    return loaded.ok ? loaded : undefined
  } catch (error) {
    if (!(error instanceof NightshiftError)) throw error
    process.stderr.write(`${definition.name}: ${redactText(describeError(error))}\n`)
    return undefined
  }
}

function listen(
  handle: ServiceHandle,
  { base }: { base: Loaded<unknown>['base'] },
  port: number,
  stateDir: string,
  log: Logger,
): Promise<HttpServer> {
  const routes = [probeRoute(handle), healthRoute(() => [handle], machineReader(stateDir), handle.host), serviceRoute(handle)]
  return startHttp({ address: base.http.address, port: base.http.port ?? port, routes, log })
}

/** Puts a changed file to use; what only a restart can change is said. */
function followConfig<C>(
  { readConfig, file }: RunOptions<C>,
  first: Loaded<C>,
  handle: ServiceHandle<C>,
  log: Logger,
): ReturnType<typeof watchConfig> {
  return watchConfig<Loaded<C>>({
    files: first.files,
    load: () => readConfig(file),
    async apply(changed) {
      await handle.reload(changed.config)
      setLevel(log, changed.base.log.level)
      const later = needRestart(first, changed)
      if (later.length > 0)
        log.warn({ keys: later }, `the changed configuration is in use, but for ${later.join(', ')}: restart to use these`)
      else log.info('the changed configuration is in use')
    },
    reject: (rejection) => log.error({ error: rejectionError(rejection) }, 'the changed configuration cannot be used; the old one stays'),
  })
}

function needRestart<C>(first: Loaded<C>, changed: Loaded<C>): string[] {
  const keys = ['host', 'namespace', 'state_dir', 'nats', 'http'] as const
  return keys.filter((key) => JSON.stringify(first.base[key]) !== JSON.stringify(changed.base[key]))
}

function rejectionError(rejection: Rejection): unknown {
  return 'error' in rejection ? rejection.error : formatReport(rejection.diagnostics, { color: false })
}

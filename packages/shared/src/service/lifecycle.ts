import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Bus } from '../bus/bus.ts'
import { openBus } from '../bus/open-bus.ts'
import { systemClock, type Clock } from '../clock.ts'
import type { BaseConfig } from '../config/base.ts'
import { newId } from '../ids.ts'
import { ErrorCounts } from './error-counts.ts'
import type { ServiceHandle } from './handle.ts'
import { needsOf } from './needs.ts'
import type { ServiceContext, ServiceDefinition } from './service.ts'
import { ServiceRun } from './service-run.ts'
import { prepareStateDir } from './state-dir.ts'

export interface StartOptions<C> {
  base: BaseConfig
  config: C
  /** A folder that is only this service's; made when it is missing. */
  stateDir: string
  /** Name of the host, in any case. */
  host: string
  version: string
  log: Logger
  clock?: Clock
  /** What the log counts errors into. */
  errors?: ErrorCounts
  /** Already open; the service closes it. The default is the one that `base.nats` names. */
  bus?: Bus
}

/**
 * Starts one service on its own connection to the bus. Returns with the broker away too: the service is live then, and not ready. Rejects
 * when the service refuses to start, and with ConflictError `duplicate_instance` when it already runs under this host name.
 */
export async function startService<C>(definition: ServiceDefinition<C>, options: StartOptions<C>): Promise<ServiceHandle<C>> {
  prepareStateDir(options.stateDir)
  const run = new ServiceRun(definition, contextOf(definition, options), options.errors ?? new ErrorCounts())
  await run.start()
  return run
}

function contextOf<C>(definition: ServiceDefinition<C>, options: StartOptions<C>): ServiceContext<C> {
  const { base, config, log, stateDir, version, clock = systemClock } = options
  const { name } = definition
  const host = options.host.toLowerCase()
  const instance = newId(clock.now())
  const about = { service: name, host, instance, version, namespace: base.namespace, needs: needsOf(name) }
  const bus = options.bus ?? openBus({ ...base.nats, ...about, spoolDir: join(stateDir, 'spool') }, { clock, log })
  return { name, host, instance, version, source: `${name}@${host}`, clock, log, bus, stateDir, base, config }
}

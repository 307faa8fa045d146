import { join } from 'node:path'
import type { NatsConfig } from '@nightshift/shared/config/base'
import type { NightshiftError } from '@nightshift/shared/errors'
import { ErrorCounts } from '@nightshift/shared/service/error-counts'
import type { ServiceHandle } from '@nightshift/shared/service/handle'
import { startService } from '@nightshift/shared/service/lifecycle'
import { createLog } from '@nightshift/shared/service/log'
import type { ServiceDefinition } from '@nightshift/shared/service/service'
import type { Config } from '../config/open-config.ts'
import { runnableServices, services, type RunnableService } from '../services.ts'
import { version } from '../version.ts'

export interface InProcessOptions {
  config: Config
  dataFolder: string
  host: string
  log: { form: 'json' | 'people'; color: boolean }
  /** How each logs in: every service is a user of its own, also here. */
  nats(service: RunnableService): NatsConfig
  started(service: RunnableService, handle: ServiceHandle): void
}

/** Starts the services side by side, each with its own log, user and state folder. Rejects with the first that does not start. */
export async function startServices(options: InProcessOptions): Promise<void> {
  await Promise.all(runnableServices.map(async (service) => options.started(service, await startOne(service, options))))
}

/** Resolves with the reason of the first service that stopped by itself; never when none does. */
export async function firstFailure(handles: readonly ServiceHandle[]): Promise<NightshiftError> {
  const { promise, resolve } = Promise.withResolvers<NightshiftError>()
  for (const handle of handles) void handle.stopped.then((failure) => failure !== undefined && resolve(failure))
  return promise
}

/** Hands each service its changed section. Rejects with the first refusal; that service keeps its old one. */
export async function reloadServices(handles: ReadonlyMap<RunnableService, ServiceHandle>, changed: Config): Promise<void> {
  for (const [service, handle] of handles) await handle.reload(changed.sections[service])
}

function startOne(service: RunnableService, options: InProcessOptions): Promise<ServiceHandle> {
  const { config, host } = options
  const base = { ...config.base, nats: options.nats(service) }
  const errors = new ErrorCounts()
  const log = createLog({ service, host, level: base.log.level, ...options.log, errors })
  const stateDir = join(options.dataFolder, service)
  // The registry pairs each service with its own section, which the type of a map of them cannot say.
  const definition = services[service] as unknown as ServiceDefinition<unknown>
  return startService(definition, { base, config: config.sections[service], stateDir, host, version, log, errors })
}

import { join } from 'node:path'
import { systemClock, isoTime } from '@nightshift/shared/clock'
import type { NatsConfig } from '@nightshift/shared/config/base'
import type { NightshiftError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { lockFolder } from '@nightshift/shared/service/folder-lock'
import type { ServiceHandle } from '@nightshift/shared/service/handle'
import { createLog } from '@nightshift/shared/service/log'
import type { Logger } from 'pino'
import { accountsFile, brokerFolder, loginOf, openUsers, operatorUrl, writeAccounts } from '../broker/broker-users.ts'
import { startEmbeddedNats } from '../broker/embedded-nats.ts'
import { stopOrphanBroker } from '../broker/orphan.ts'
import { renderServerConfig } from '../broker/server-config.ts'
import type { Config } from '../config/open-config.ts'
import { identifyProcess } from '@nightshift/shared/service/process-identity'
import { removeRunFile, writeRunFile, type RunFile } from '../data-folder/run-file.ts'
import { runnableServices, type RunnableService } from '../services.ts'
import { version } from '../version.ts'
import { firstFailure, reloadServices, startServices } from './in-process-services.ts'
import { startListener } from './listener.ts'
import { provision } from './provision.ts'
import { Unwinding } from './unwinding.ts'
import { untilReady } from './until-ready.ts'

export interface AllInOneOptions {
  config: Config
  dataFolder: string
  host: string
  /** Path of the nats-server to run. */
  brokerBinary: string
  natsPort: number
  consolePort: number
  log: { form: 'json' | 'people'; color: boolean }
}

export interface AllInOne {
  readonly run: RunFile
  readonly log: Logger
  /** Resolves with the reason when a service has stopped by itself. */
  readonly failed: Promise<NightshiftError>
  reload(config: Config): Promise<void>
  /** Stops everything, last started first, within five seconds. */
  stop(): Promise<void>
}

const serviceStopMs = 3000
const brokerStopMs = 1500

/**
 * Broker, services and console in one process, in the order in which each needs the one before. What fails half-way is undone. The caller
 * holds the lock of the data folder.
 */
export async function startAllInOne(options: AllInOneOptions): Promise<AllInOne> {
  const { config, dataFolder, host } = options
  const { base } = config
  const unwinding = new Unwinding()
  try {
    const log = createLog({ service: 'up', host, level: base.log.level, ...options.log })
    const orphan = await stopOrphanBroker(brokerFolder(dataFolder))
    if (orphan !== undefined) log.warn({ pid: orphan }, 'stopped the broker that a killed run left behind')

    const users = openUsers(dataFolder)
    for (const service of runnableServices) users.localSeed({ service, host })
    users.localSeed({ service: 'admin', host: null })
    users.operator()
    writeAccounts(dataFolder, users, base.namespace)
    const broker = await startEmbeddedNats({
      binary: options.brokerBinary,
      folder: brokerFolder(dataFolder),
      address: base.up.nats_listen,
      port: options.natsPort,
      renderConfig: (port) =>
        renderServerConfig({
          address: base.up.nats_listen,
          port,
          storeDir: join(brokerFolder(dataFolder), 'store'),
          accountsFile,
          streams: base.streams,
          namespace: base.namespace,
        }),
      log,
    })
    unwinding.add(() => broker.stop(brokerStopMs))

    const admin = loginOf(users, 'admin', null, broker.url)
    const provisioner = await provision({ nats: admin, base, host, instance: newId(Date.now()), version, log })
    unwinding.add(() => provisioner.stop())

    for (const service of runnableServices) {
      const lock = lockFolder(join(dataFolder, service), '--data DIR')
      unwinding.add(() => lock.release())
    }
    const handles = new Map<RunnableService, ServiceHandle>()
    const listener = await startListener({
      address: base.http.address,
      port: options.consolePort,
      host,
      dataFolder,
      handles: () => [...handles.values()],
      store: provisioner.storeHealth,
      log,
    })
    unwinding.add(() => listener.close())

    unwinding.add(async () => void (await Promise.all([...handles.values()].map((handle) => handle.stop(serviceStopMs)))))
    const nats = (service: RunnableService): NatsConfig => loginOf(users, service, host, broker.url)
    await startServices({ ...options, nats, started: (service, handle) => handles.set(service, handle) })
    await untilReady([...handles.values()])

    const run: RunFile = {
      pid: process.pid,
      nats_url: operatorUrl(users, broker.url),
      console_url: listener.url,
      host,
      started_at: isoTime(systemClock.now()),
      process_started: identifyProcess(process.pid)?.started ?? '',
    }
    writeRunFile(dataFolder, run)
    unwinding.add(() => removeRunFile(dataFolder))
    return {
      run,
      log,
      failed: firstFailure([...handles.values()]),
      reload: (changed) => reloadServices(handles, changed),
      stop: () => unwinding.run(log),
    }
  } catch (error) {
    await unwinding.run()
    throw error
  }
}

import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { newId } from '@nightshift/shared/ids'
import { createLog } from '@nightshift/shared/service/log'
import { needsOf } from '@nightshift/shared/service/needs'
import type { RunningService } from '@nightshift/shared/service/service'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { backupConfigSchema, type BackupConfig } from '../src/config.ts'
import { LocalStore } from '../src/destinations/local-store.ts'
import { Repository } from '../src/repository/repository.ts'
import { backup } from '../src/service.ts'

export const host = 'web-1'
export const password = 'correct-horse-Battery-9'

/** A backup service that was started as its process starts it, but for the process. */
export interface StartedBackup {
  service: RunningService<BackupConfig>
  bus: Bus
  stop(): Promise<void>
}

/** A broker, folders to back up and to back up to, and everything that was said on the bus. */
export class BackupRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'nightshift-backup-'))
  readonly data = join(this.folder, 'data')
  readonly stateDir = join(this.folder, 'state')
  readonly said: Received[] = []
  readonly server: NatsServer
  readonly admin: Bus
  readonly #started: StartedBackup[] = []

  private constructor(server: NatsServer) {
    this.server = server
    this.admin = this.#openBus('admin', { streams: [], buckets: [] })
    mkdirSync(this.data)
    mkdirSync(this.stateDir)
    writeFileSync(join(this.data, 'one'), 'one')
  }

  static async start(): Promise<BackupRig> {
    const rig = new BackupRig(await startNats())
    await rig.admin.ready()
    const connection = rig.admin.connection
    if (connection === undefined) throw new Error('no connection')
    await bootstrap(connection, baseConfigSchema.parse({}).streams)
    for (const [stream, filter] of [
      ['EVENTS', 'ops.backup.>'],
      ['AUDIT', 'ops.audit.backup'],
    ] as const)
      rig.admin.follow({
        stream,
        name: 'rig',
        filter,
        after: 0,
        handle: ({ subject, data }) => void rig.said.push(parseEvent(subject, data)),
      })
    connection.subscribe('ops.progress.>', { callback: (_, message) => void rig.said.push(parseEvent(message.subject, message.data)) })
    return rig
  }

  repositoryFolder(name: string): string {
    return join(this.folder, `repository-${name}`)
  }

  /** Makes an empty repository with a cheap key. */
  async makeRepository(name: string, polynomial?: bigint): Promise<bigint> {
    const store = new LocalStore(this.repositoryFolder(name))
    const owner = { password, host, username: 'test', nowMs: Date.now(), kdf: { N: 1024, r: 8, p: 1 } }
    const repository = await Repository.create(store, { ...owner, ...(polynomial === undefined ? {} : { polynomial }) })
    await repository.close()
    await store.close()
    return repository.polynomial
  }

  /** A configuration with one job `files`, changed as a test needs it. */
  config(job: Record<string, unknown> = {}, rest: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      password,
      destinations: { disk: { kind: 'local', path: this.repositoryFolder('disk') } },
      jobs: { files: { source: { kind: 'directory', paths: [this.data] }, retry: { attempts: 1 }, ...job } },
      ...rest,
    }
  }

  async backUp(config: Record<string, unknown>): Promise<StartedBackup> {
    const identity = { host, instance: newId(Date.now()), version: '0.0.0' }
    const bus = this.#openBus('backup', needsOf('backup'))
    const service = await backup.start({
      ...identity,
      name: 'backup',
      source: `backup@${host}`,
      clock: systemClock,
      log: createLog({ service: 'backup', host, write: (line) => appendFileSync(join(this.folder, 'log'), line) }),
      bus,
      stateDir: this.stateDir,
      base: baseConfigSchema.parse({ timezone: 'UTC', nats: { servers: [this.server.url] } }),
      config: backupConfigSchema.parse(config),
    })
    await bus.ready()
    const started = {
      service,
      bus,
      stop: async () => {
        await service.stop()
        await bus.close()
      },
    }
    this.#started.push(started)
    return started
  }

  async ask<T>(verb: string, request: object = {}): Promise<T> {
    return await this.admin.request<T>(`ops.rpc.backup.${host}.${verb}`, request)
  }

  events(job = 'files'): BackupEvent[] {
    return this.said.flatMap((each) => (each.kind === 'backup' && each.event.job === job ? [each.event] : []))
  }

  phases(job = 'files'): string[] {
    return this.events(job).map(({ phase }) => phase)
  }

  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8')
  }

  async stop(): Promise<void> {
    for (const started of this.#started) await started.stop()
    await this.admin.close()
    await this.server.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #openBus(service: string, needs: Parameters<typeof openBus>[0]['needs']): Bus {
    const log = createLog({ service, host, level: 'critical', write: () => undefined })
    const options = { servers: [this.server.url], service, host, instance: newId(Date.now()), version: '0.0.0', needs }
    return openBus({ ...options, spoolDir: join(this.folder, `spool-${newId(Date.now())}`) }, { clock: systemClock, log })
  }
}

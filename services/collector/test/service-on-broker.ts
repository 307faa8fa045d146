import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { newId } from '@nightshift/shared/ids'
import type { RunningService } from '@nightshift/shared/service/service'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { collectorConfigSchema, type CollectorConfig } from '../src/config.ts'
import { collector } from '../src/service.ts'
import { keptLog } from './kept-log.ts'

export const host = 'web-1.example.com'
const base = baseConfigSchema.parse({})

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-collector-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function config(section: object): CollectorConfig {
  return collectorConfigSchema.parse(section)
}

function open(url: string, service: string, spoolDir: string | null): Bus {
  const needs = spoolDir === null ? { streams: [], buckets: [] } : { streams: ['METRICS' as const, 'EVENTS' as const], buckets: [] }
  const bus = openBus(
    { service, host, instance: newId(Date.now()), version: '0.1.0', servers: [url], spoolDir, needs },
    { clock: systemClock, log: keptLog().log },
  )
  onTestFinished(() => bus.close(1000))
  return bus
}

/** Everything that was said on the bus, each message validated against the contract. */
export interface Heard {
  readonly all: Received[]
  of<K extends Received['kind']>(kind: K): Extract<Received, { kind: K }>[]
}

/** A broker with its streams, and somebody who hears everything. */
export async function brokerWithListener(): Promise<{ server: NatsServer; listener: Bus; heard: Heard }> {
  const server = await startNats()
  onTestFinished(() => server.stop())
  const listener = open(server.url, 'listener', null)
  await listener.ready()
  const connection = listener.connection
  if (connection === undefined) throw new Error('not connected')
  await bootstrap(connection, base.streams)
  const all: Received[] = []
  const hear = (subject: string, data: Uint8Array): void => void all.push(parseEvent(subject, data))
  // Transitions are read from their stream: what was sent while nobody listened counts too.
  listener.follow({ stream: 'EVENTS', name: 'listener', after: 0, handle: ({ subject, data }) => hear(subject, data) })
  for (const kind of ['metric', 'check', 'dead']) {
    connection.subscribe(`ops.${kind}.>`, {
      callback: (error, message) => {
        if (error === null) hear(message.subject, message.data)
      },
    })
  }
  await connection.flush()
  return { server, listener, heard: { all, of: (kind) => all.filter((each) => each.kind === kind) as never } }
}

export interface Started {
  service: RunningService<CollectorConfig>
  bus: Bus
  /** Stops it as the lifecycle would: the service first, then its bus. */
  stop(): Promise<void>
}

/** The collector of this machine or another, started through its definition as the lifecycle would. */
export async function startCollector(url: string, section: object, stateDir = temporaryFolder(), definition = collector): Promise<Started> {
  const bus = open(url, 'collector', join(stateDir, 'spool'))
  const service = await definition.start({
    name: 'collector',
    host,
    instance: newId(Date.now()),
    version: '0.1.0',
    source: `collector@${host}`,
    clock: systemClock,
    log: keptLog().log,
    bus,
    stateDir,
    base,
    config: config(section),
  })
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= service.stop().then(() => bus.close(2000)))
  onTestFinished(stop)
  return { service, bus, stop }
}

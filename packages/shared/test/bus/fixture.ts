import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus, BusOptions } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema, type StreamsConfig } from '@nightshift/shared/config/base'
import { newId } from '@nightshift/shared/ids'
import { startNats, type NatsOptions, type NatsServer } from '@nightshift/test-servers/nats'
import { pino, type Logger } from 'pino'
import { expect, onTestFinished } from 'vitest'

export const streamsConfig: StreamsConfig = baseConfigSchema.parse({}).streams

/** A logger that keeps its lines, for a test to look at what was said aloud. */
export function recordingLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { log, lines }
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-bus-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A broker for one test, with streams and buckets unless the test wants to make them. */
export async function broker(options: NatsOptions & { bootstrapped?: boolean } = {}): Promise<NatsServer> {
  const server = await startNats(options)
  onTestFinished(() => server.stop())
  if (options.bootstrapped ?? true) await bootstrapped(server)
  return server
}

export interface Admin {
  config?: StreamsConfig
  namespace?: string
  user?: string
  pass?: string
}

export async function bootstrapped(server: Pick<NatsServer, 'url'>, admin: Admin = {}): Promise<void> {
  const { config = streamsConfig, namespace, ...login } = admin
  const nc = await connect({ servers: server.url, ...login })
  await bootstrap(nc, config, namespace)
  await nc.close()
}

/** A plain client, closed after the test. */
export async function client(server: NatsServer, login: { user?: string; pass?: string } = {}): Promise<NatsConnection> {
  const nc = await connect({ servers: server.url, ...login, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
  onTestFinished(() => nc.close())
  return nc
}

/** A bus of a service that needs streams and buckets as services do, closed after the test. */
export function busOn(server: Pick<NatsServer, 'url'>, options: Partial<BusOptions> = {}, log: Logger = recordingLog().log): Bus {
  const bus = openBus(
    {
      service: 'collector',
      host: 'web-1',
      instance: newId(Date.now()),
      version: '0.1.0',
      servers: [server.url],
      spoolDir: options.spoolDir === undefined ? temporaryFolder() : options.spoolDir,
      needs: { streams: ['METRICS', 'EVENTS', 'DEAD'], buckets: ['locks'] },
      ...options,
    },
    { clock: systemClock, log },
  )
  onTestFinished(() => bus.close(1000))
  return bus
}

/** Waits until the condition holds; fails with what was seen last. */
export async function expectSoon(
  condition: () => boolean | Promise<boolean>,
  what: () => unknown = () => 'the condition never held',
  deadlineMs = 15_000,
): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > endMs) expect.fail(`after ${deadlineMs} ms: ${JSON.stringify(what())}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** An event that is good enough for the bus, which looks only at the id. */
export function event(fields: Record<string, unknown> = {}): { id: string } & Record<string, unknown> {
  return { v: 1, id: newId(Date.now()), time: new Date().toISOString(), ...fields }
}

export interface Stored {
  id: string
  seq: number
  subject: string
  n: unknown
}

/** Everything in a stream, in order. */
export async function storedIn(nc: NatsConnection, stream: string): Promise<Stored[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false })
  const { state } = await jsm.streams.info(stream)
  const stored: Stored[] = []
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    const message = await jsm.streams.getMessage(stream, { seq }).catch(() => null)
    if (message === null) continue
    const body = message.json<{ id: string; n: unknown }>()
    stored.push({ id: body.id, seq, subject: message.subject, n: body.n })
  }
  return stored
}

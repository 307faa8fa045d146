import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { alerterConfigSchema } from '@nightshift/alerter/config'
import { alerter } from '@nightshift/alerter/service'
import { readGolden } from '@nightshift/cli/generate/golden'
import { healerConfigSchema } from '@nightshift/healer/config'
import { healer } from '@nightshift/healer/service'
import { reporterConfigSchema } from '@nightshift/reporter/config'
import { reporter } from '@nightshift/reporter/service'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { streamOf } from '@nightshift/shared/bus/streams'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { ContractError } from '@nightshift/shared/errors'
import { parseEvent } from '@nightshift/shared/events/parse'
import type { ServiceHandle } from '@nightshift/shared/service/handle'
import { startService } from '@nightshift/shared/service/lifecycle'
import { createLog } from '@nightshift/shared/service/log'
import type { ServiceDefinition } from '@nightshift/shared/service/service'
import { kinds, type Kind } from '@nightshift/shared/subjects'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { seededRandom } from './campaigns/campaign.ts'
import { mutate } from './stories/mutate.ts'

const messages = 100_000
const readByAlerter: readonly Kind[] = ['metric', 'check', 'agent', 'health', 'heal', 'backup', 'change']
const seed = Number(process.env['FUZZ_SEED'] ?? 1)

let server: NatsServer
let admin: NatsConnection
let folder: string
const handles: ServiceHandle[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-fuzz-'))
  server = await startNats()
  admin = await connect({ servers: server.url })
  const base = { ...baseConfigSchema.parse({}), nats: { servers: [server.url] } }
  await bootstrap(admin, base.streams)
  const start = async (definition: unknown, config: unknown): Promise<void> => {
    const { name } = definition as ServiceDefinition<unknown>
    const log = createLog({ service: name, host: 'hub', write: () => undefined })
    handles.push(
      await startService(definition as ServiceDefinition<unknown>, {
        base,
        config,
        stateDir: join(folder, name),
        host: 'web-1',
        version: '0.1.0',
        log,
      }),
    )
  }
  await start(alerter, alerterConfigSchema.parse({ rules: { 'web-down': { check: 'web', severity: 'critical' } } }))
  await start(reporter, reporterConfigSchema.parse({}))
  await start(
    healer,
    healerConfigSchema.parse({ playbooks: { 'restart-web': { when: { check: 'web' }, mode: 'dry_run', run: ['/bin/true'] } } }),
  )
  // The alerter reads metrics from its start on, not those of before: what came before it reads would not be counted.
  const { subject, event } = readGolden('metric')
  const isReading = (): number => {
    admin.publish(subject, JSON.stringify(event))
    return Number(/^nightshift_alerter_messages_total\S* (\d+)$/m.exec(handleOf('alerter').metricsText())?.[1] ?? 0)
  }
  await vi.waitUntil(() => isReading() > 0, { timeout: 20_000, interval: 100 })
})

afterAll(async () => {
  await Promise.all(handles.map((handle) => handle.stop()))
  await admin.close()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

test(`${messages} random and mutated messages on every subject: nothing crashes, and each bad one is dead-lettered with its reason by each reader`, async () => {
  const random = seededRandom(seed)
  const goldens = new Map(kinds.map((kind) => [kind, readGolden(kind)]))
  const bad = { alerter: 0, reporter: 0, healer: 0 }
  for (let sent = 0; sent < messages; sent++) {
    const { subject, data } = mutate(goldens, random)
    admin.publish(subject, data)
    if (sent % 1000 === 999) await admin.flush()
    if (isGood(subject, data)) continue
    const kind = (subject.split('.')[1] ?? '') as Kind
    const stream = streamOf(kind)
    if (stream === 'METRICS' || stream === 'EVENTS') bad.reporter++
    if (readByAlerter.includes(kind)) bad.alerter++
    if (/^ops\.health\.web-1\.[^.]+$/.test(subject)) bad.healer++
  }
  expect(bad.reporter).toBeGreaterThan(messages / 10)

  // The golden dead letter and its mutants go to ops.dead.alerter, so what stands there is not counted.
  const manager = await jetstreamManager(admin)
  const deadLettered = (service: string): number =>
    Number(/^nightshift_\w+?_dead_lettered_total\S* (\d+)$/m.exec(handleOf(service).metricsText())?.[1])
  for (const service of ['reporter', 'healer', 'alerter'] as const) {
    await expect.poll(() => deadLettered(service), { timeout: 150_000, interval: 500 }).toBeGreaterThanOrEqual(bad[service])
    expect({ service, dead: deadLettered(service) }).toEqual({ service, dead: bad[service] })
  }
  expect(messagesOn(await manager.streams.info('DEAD', { subjects_filter: 'ops.dead.reporter' }))).toBe(bad.reporter)
  expect(messagesOn(await manager.streams.info('DEAD', { subjects_filter: 'ops.dead.healer' }))).toBe(bad.healer)

  for (const handle of handles) {
    expect(handle.failure).toBeUndefined()
    expect(handle.state).toBe('ready')
  }
}, 400_000)

function handleOf(service: string): ServiceHandle {
  const handle = handles.find(({ name }) => name === service)
  if (handle === undefined) throw new Error(`${service} is not here`)
  return handle
}

function messagesOn(info: StreamInfo): number {
  return Object.values(info.state.subjects ?? {}).reduce((sum, count) => sum + count, 0)
}

function isGood(subject: string, data: Uint8Array): boolean {
  try {
    parseEvent(subject, data)
    return true
  } catch (error) {
    if (error instanceof ContractError) return false
    throw error
  }
}

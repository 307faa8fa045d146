import { jetstream, jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node'
import { bootstrap, isAtLeast } from '@nightshift/shared/bus/bootstrap'
import { leaseTtlMs } from '@nightshift/shared/bus/streams'
import type { NatsServer } from '@nightshift/test-servers/nats'
import { describe, expect, it, onTestFinished } from 'vitest'
import { broker, client, streamsConfig, temporaryFolder } from './fixture.ts'

async function bare(config?: string): Promise<{ server: NatsServer; nc: NatsConnection; jsm: JetStreamManager }> {
  const server = await broker({ bootstrapped: false, ...(config !== undefined && { config }) })
  const nc = await client(server)
  return { server, nc, jsm: await jetstreamManager(nc, { checkAPI: false }) }
}

/** A manager whose server forgets an option, as old servers do with what they do not know. */
function forgetful(nc: NatsConnection, option: keyof StreamConfig): NatsConnection {
  return new Proxy(nc, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (name !== 'request') return typeof value === 'function' ? value.bind(target) : value
      return async (subject: string, payload: Uint8Array, options: object) => {
        if (!subject.startsWith('$JS.API.STREAM.CREATE')) return target.request(subject, payload, options as never)
        const config = JSON.parse(new TextDecoder().decode(payload))
        delete config[option]
        return target.request(subject, JSON.stringify(config), options as never)
      }
    },
  })
}

describe('bootstrap', () => {
  it('makes every stream and bucket with its bounds, and nothing the second time', async () => {
    const { nc, jsm } = await bare()
    const made = await bootstrap(nc, streamsConfig)
    const buckets = ['alerts', 'silences', 'acks', 'locks', 'hosts', 'outbox', 'received', 'schedule', 'control'].map(
      (bucket) => `KV_ops_${bucket}`,
    )
    expect(made.map(({ name }) => name)).toEqual(['METRICS', 'EVENTS', 'LOGS', 'AUDIT', 'DEAD', ...buckets])
    expect(new Set(made.map(({ action }) => action))).toEqual(new Set(['created']))
    expect(made[0]?.bounds).toEqual({ max_bytes: 512 * 1024 * 1024, max_age_seconds: 6 * 3600 })
    const again = await bootstrap(nc, streamsConfig)
    expect(new Set(again.map(({ action }) => action))).toEqual(new Set(['unchanged']))
    const { config } = await jsm.streams.info('EVENTS')
    expect(config).toMatchObject({ storage: 'file', discard: 'old', deny_delete: true, duplicate_window: nanos(120_000), num_replicas: 1 })
    const locks = await new Kvm(nc).open('ops_locks')
    expect((await locks.status()).ttl).toBe(leaseTtlMs)
  })

  it('changes the bounds of what is there and keeps its content', async () => {
    const { nc, jsm } = await bare()
    await bootstrap(nc, streamsConfig)
    await jetstream(nc).publish('ops.health.web-1.http', '{}')
    const changed = { ...streamsConfig, events: { max_age: 3600_000, max_bytes: 64 * 1024 * 1024 } }
    const results = await bootstrap(nc, changed)
    expect(results.filter(({ action }) => action !== 'unchanged')).toEqual([
      { name: 'EVENTS', action: 'updated', bounds: { max_bytes: 64 * 1024 * 1024, max_age_seconds: 3600 } },
    ])
    expect((await jsm.streams.info('EVENTS')).state.messages).toBe(1)
  })

  it('puts back what somebody changed by hand', async () => {
    const { nc, jsm } = await bare()
    await bootstrap(nc, streamsConfig)
    await jsm.streams.update('KV_ops_locks', { max_age: nanos(60_000) })
    await jsm.streams.update('METRICS', { subjects: ['ops.metric.>'] })
    const results = await bootstrap(nc, streamsConfig)
    expect(results.filter(({ action }) => action === 'updated').map(({ name }) => name)).toEqual(['METRICS', 'KV_ops_locks'])
    expect((await jsm.streams.info('METRICS')).config.subjects).toHaveLength(3)
  })

  it('may be run by several at once', async () => {
    const { nc } = await bare()
    const all = await Promise.all([bootstrap(nc, streamsConfig), bootstrap(nc, streamsConfig), bootstrap(nc, streamsConfig)])
    expect(all.map((results) => results.length)).toEqual([14, 14, 14])
  })

  it('sets namespaces up side by side', async () => {
    const { nc, jsm } = await bare()
    await bootstrap(nc, streamsConfig)
    const lab = await bootstrap(nc, streamsConfig, 'lab')
    expect(lab.map(({ name }) => name)).toContain('LAB_EVENTS')
    await jetstream(nc).publish('lab.health.web-1.http', '{}')
    expect((await jsm.streams.info('LAB_EVENTS')).state.messages).toBe(1)
    expect((await jsm.streams.info('EVENTS')).state.messages).toBe(0)
  })

  it('keeps metrics in memory when asked to, and says what to do when that is changed later', async () => {
    const { nc, jsm } = await bare()
    const inMemory = { ...streamsConfig, metrics: { ...streamsConfig.metrics, storage: 'memory' as const, max_bytes: 64 * 1024 * 1024 } }
    await bootstrap(nc, inMemory)
    expect((await jsm.streams.info('METRICS')).config.storage).toBe('memory')
    await expect(bootstrap(nc, streamsConfig)).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringMatching(/cannot set up METRICS: .*storage.*nats stream rm/),
    })
  })

  it('notices an option that the server did not keep', async () => {
    const { nc } = await bare()
    await expect(bootstrap(forgetful(nc, 'deny_delete'), streamsConfig)).rejects.toMatchObject({
      code: 'option_not_kept',
      message: expect.stringContaining('did not keep deny_delete of EVENTS'),
    })
  })

  it('says so when another stream has the subjects', async () => {
    const { nc, jsm } = await bare()
    await jsm.streams.add({ name: 'MINE', subjects: ['ops.health.>'] })
    await expect(bootstrap(nc, streamsConfig)).rejects.toMatchObject({
      code: 'subjects_overlap',
      message: expect.stringContaining('cannot set up EVENTS'),
    })
  })

  it('says so when the server has no room', async () => {
    const { nc } = await bare(`jetstream { store_dir: ${JSON.stringify(temporaryFolder())}, max_file_store: 100MB }`)
    await expect(bootstrap(nc, streamsConfig)).rejects.toMatchObject({
      code: 'no_resources',
      message: expect.stringContaining('max_file_store'),
    })
  }, 20_000)

  it('says so when replicas are asked of a single server', async () => {
    const { nc } = await bare()
    await expect(bootstrap(nc, { ...streamsConfig, replicas: 3 })).rejects.toMatchObject({
      code: 'no_cluster',
      message: expect.stringContaining('streams.replicas'),
    })
  })

  it('says so when the user may not', async () => {
    const permissions = 'publish: { deny: ["$JS.API.STREAM.CREATE.>"] }'
    const server = await broker({
      bootstrapped: false,
      config: `authorization { users: [ { user: u, password: p, permissions: { ${permissions} } } ] }`,
    })
    const nc = await connect({ servers: server.url, user: 'u', pass: 'p' })
    onTestFinished(() => nc.close())
    await expect(bootstrap(nc, streamsConfig)).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining('admin'),
    })
  })

  it('says so when JetStream is off', async () => {
    const { nc } = await bare('jetstream: disabled')
    await expect(bootstrap(nc, streamsConfig)).rejects.toMatchObject({
      code: 'no_responder',
      message: expect.stringContaining('JetStream does not answer'),
    })
  })

  it('needs a server that is new enough', () => {
    expect(isAtLeast('2.9.10', '2.9.10')).toBe(true)
    expect(isAtLeast('2.15.1-RC.2', '2.9.10')).toBe(true)
    expect(isAtLeast('3.0.0', '2.9.10')).toBe(true)
    expect(isAtLeast('2.9.9', '2.9.10')).toBe(false)
    expect(isAtLeast('1.99.99', '2.9.10')).toBe(false)
    expect(isAtLeast('unknown', '2.9.10')).toBe(false)
  })
})

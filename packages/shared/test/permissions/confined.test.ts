import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { startNats } from '@nightshift/test-servers/nats'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually, join, type Party } from './attempts.ts'
import { startGuardedBus, type GuardedBus } from './guarded-bus.ts'

/**
 * The server sends its answers to the reply subject of the question, and checks no permission for it. Everything here worked in a single
 * account on 2.9.10, and nearly everything on 2.15.1 (docs/adr/0004).
 */
it('in a single account the acknowledgement of an event can be aimed at a bucket, which is why there are several', async () => {
  const permissions = '{ publish: { allow: ["ops.health.web-1.*"] }, subscribe: { allow: [] } }'
  const server = await startNats({
    config: `accounts { OPS { jetstream: enabled, users: [{ user: admin, password: a }, { user: collector, password: c, permissions: ${permissions} }] } }`,
  })
  const admin = await connect({ servers: server.url, user: 'admin', pass: 'a' })
  const thief = await connect({ servers: server.url, user: 'collector', pass: 'c' })
  try {
    const manager = await jetstreamManager(admin)
    await manager.streams.add({ name: 'EVENTS', subjects: ['ops.health.>'] })
    await manager.streams.add({ name: 'KV_ops_control', subjects: ['$KV.ops_control.>'] })
    thief.publish('ops.health.web-1.web', '{}', { reply: '$KV.ops_control.kill_switch' })
    await eventually(async () => expect((await manager.streams.info('KV_ops_control')).state.messages).toBe(1))
  } finally {
    await Promise.all([thief.close(), admin.close()])
    await server.stop()
  }
})

describe('answers of the server cannot be aimed at others', () => {
  let bus: GuardedBus
  let manager: JetStreamManager
  let collector: Party
  let healer: Party
  let operator: Party
  const seen: string[] = []

  beforeAll(async () => {
    bus = await startGuardedBus()
    manager = await jetstreamManager(bus.admin)
    collector = await join(bus, 'collector')
    healer = await join(bus, 'healer')
    operator = await join(bus, 'operator')
    for (const subject of ['$KV.>', 'ops.rpc.>', 'ops.health.db-1.>', 'ops.metric.db-1.>', 'ops.alert.>']) {
      bus.admin.subscribe(subject, { callback: (_error, message) => void seen.push(`${message.subject} ${message.string()}`) })
    }
    await bus.admin.flush()
  })
  afterAll(async () => await bus.stop())
  beforeEach(() => void (seen.length = 0))

  const messagesIn = async (stream: string): Promise<number> => (await manager.streams.info(stream)).state.messages
  const bucketMessages = async (): Promise<number> =>
    (await messagesIn('KV_ops_control')) + (await messagesIn('KV_ops_locks')) + (await messagesIn('KV_ops_alerts'))

  it.each([
    ['into a bucket', '$KV.ops_control.kill_switch'],
    ['onto a subject of another host', 'ops.health.db-1.web'],
    ['onto an alert', 'ops.alert.db-1.disk.resolved'],
    ['to the alerter as a request', 'ops.rpc.alerter.list'],
    ['to the server as a purge', '$JS.API.STREAM.PURGE.EVENTS'],
    ['to the server as the deletion of a message', '$JS.API.STREAM.MSG.DELETE.EVENTS'],
  ])('a collector cannot have the acknowledgement of an event sent %s', async (_name, reply) => {
    const events = await messagesIn('EVENTS')
    const buckets = await bucketMessages()
    collector.connection.publish('ops.health.web-1.web', '{"state":"ok"}', { reply })
    await collector.connection.flush()
    await eventually(async () => expect(await messagesIn('EVENTS')).toBe(events + 1))
    // The answer to a second event comes after that to the first.
    await jetstream(collector.connection).publish('ops.health.web-1.web', '{"state":"ok"}')
    await bus.admin.flush()
    expect(seen).toEqual([])
    expect(await messagesIn('EVENTS')).toBe(events + 2)
    expect(await bucketMessages()).toBe(buckets)
  })

  it.each([
    ['a collector', () => collector],
    ['a healer', () => healer],
    ['the operator', () => operator],
  ])('%s cannot have an answer about a stream written into a bucket', async (_name, who) => {
    const { connection } = who()
    const buckets = await bucketMessages()
    connection.publish('$JS.API.STREAM.INFO.EVENTS', '', { reply: '$KV.ops_control.kill_switch' })
    await connection.request('$JS.API.STREAM.INFO.EVENTS')
    await bus.admin.flush()
    expect(seen).toEqual([])
    expect(await bucketMessages()).toBe(buckets)
  })

  it('a healer cannot turn an empty value of its own into the deletion of a stream', async () => {
    const stored = await healer.connection.request('$KV.ops_locks.healer.web-1.x', '')
    expect(stored.json()).toMatchObject({ stream: 'KV_ops_locks' })
    const read = '$JS.API.DIRECT.GET.KV_ops_locks.$KV.ops_locks.healer.web-1.x'
    healer.connection.publish(read, '', { reply: '$JS.API.STREAM.DELETE.METRICS' })
    expect((await healer.connection.request(read)).headers?.get('Nats-Stream')).toBe('KV_ops_locks')
    expect((await manager.streams.info('METRICS')).config.name).toBe('METRICS')
  })

  it('a healer cannot turn a value of its own into an event of another host', async () => {
    await healer.connection.request('$KV.ops_locks.healer.web-1.y', '{"host":"db-1","state":"failing"}')
    await bus.admin.flush()
    seen.length = 0
    const events = await messagesIn('EVENTS')
    const read = '$JS.API.DIRECT.GET.KV_ops_locks.$KV.ops_locks.healer.web-1.y'
    for (const reply of ['ops.health.db-1.web', 'ops.metric.db-1.cpu', 'ops.rpc.alerter.list'])
      healer.connection.publish(read, '', { reply })
    await healer.connection.request(read)
    await bus.admin.flush()
    expect(seen).toEqual([])
    expect(await messagesIn('EVENTS')).toBe(events)
  })

  it('a healer cannot have the messages of its consumer delivered to others', async () => {
    const config = { name: 'healer_web-1', durable_name: 'healer_web-1', ack_policy: 'explicit', filter_subject: 'ops.health.web-1.*' }
    const made = await healer.connection.request(
      '$JS.API.CONSUMER.CREATE.EVENTS.healer_web-1.ops.health.web-1.*',
      JSON.stringify({ stream_name: 'EVENTS', config }),
    )
    expect(made.json()).not.toHaveProperty('error')
    await jetstream(collector.connection).publish('ops.health.web-1.web', '{"state":"failing"}')
    const buckets = await bucketMessages()
    const next = '$JS.API.CONSUMER.MSG.NEXT.EVENTS.healer_web-1'
    const before = (await manager.consumers.info('EVENTS', 'healer_web-1')).delivered.consumer_seq
    for (const reply of ['$KV.ops_control.kill_switch', 'ops.rpc.alerter.list', 'ops.metric.db-1.cpu']) {
      await jetstream(collector.connection).publish('ops.health.web-1.web', '{"state":"failing"}')
      healer.connection.publish(next, '', { reply })
    }
    await healer.connection.flush()
    await eventually(async () =>
      expect((await manager.consumers.info('EVENTS', 'healer_web-1')).delivered.consumer_seq).toBeGreaterThanOrEqual(before + 1),
    )
    await bus.admin.flush()
    expect(seen).toEqual([])
    expect(await bucketMessages()).toBe(buckets)
    expect(await messagesIn('METRICS')).toBe(0)
  })
})

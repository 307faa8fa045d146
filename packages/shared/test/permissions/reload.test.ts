import { jetstream } from '@nats-io/jetstream'
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inboxPrefix } from '../../src/bus/connect.ts'
import { eventually, overhear } from './attempts.ts'
import { startGuardedBus, type GuardedBus } from './guarded-bus.ts'

describe('a broker whose users change while it runs', () => {
  let guarded: GuardedBus
  let collector: NatsConnection
  let operator: NatsConnection
  const newHost = { service: 'collector', host: 'cache-1' } as const

  beforeAll(async () => {
    guarded = await startGuardedBus()
    collector = await guarded.as('collector')
    operator = await guarded.as('operator')
  })
  afterAll(async () => await guarded.stop())

  const join = (seed: string): Promise<NatsConnection> =>
    connect({
      servers: guarded.server.url,
      reconnect: false,
      inboxPrefix: inboxPrefix('collector', 'cache-1'),
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    })

  /** Everything that goes through a door, in both directions. */
  const expectDoorsOpen = async (): Promise<void> => {
    const ear = await overhear(operator, 'ops.metric.>')
    collector.publish('ops.metric.web-1.cpu', '{}')
    expect(await jetstream(collector).publish('ops.health.web-1.web', '{}')).toMatchObject({ stream: 'EVENTS' })
    await eventually(() => expect(ear.heard).toEqual(['ops.metric.web-1.cpu {}']))
    await ear.stop()
    const subscription = collector.subscribe('ops.rpc.collector.web-1.check', {
      callback: (_error, message) => void message.respond('"checked"'),
    })
    await collector.flush()
    expect((await operator.request('ops.rpc.collector.web-1.check', '{}')).json()).toBe('checked')
    subscription.unsubscribe()
    expect((await operator.request('$JS.API.STREAM.INFO.EVENTS')).json()).toMatchObject({ config: { name: 'EVENTS' } })
  }

  it('lets a new host in without disturbing the others', async () => {
    await expectDoorsOpen()
    const seed = guarded.users.invite(newHost)
    await expect(join(seed)).rejects.toThrow(/authorization/i)
    await guarded.reload()
    await eventually(async () => {
      const added = await join(seed)
      expect(await jetstream(added).publish('ops.health.cache-1.web', '{}')).toMatchObject({ stream: 'EVENTS' })
      await added.close()
    })
    expect([collector.isClosed(), operator.isClosed()]).toEqual([false, false])
    await expectDoorsOpen()
  })

  it('throws a forgotten host out at once, and lets it in no more', async () => {
    const seed = guarded.users.invite(newHost)
    await guarded.reload()
    const { promise, resolve } = Promise.withResolvers<NatsConnection>()
    await eventually(async () => resolve(await join(seed)))
    const forgotten = await promise
    guarded.users.removeHost('cache-1')
    await guarded.reload()
    await forgotten.closed()
    await expect(join(seed)).rejects.toThrow(/authorization/i)
    await expectDoorsOpen()
  })
})

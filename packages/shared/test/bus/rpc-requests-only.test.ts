import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream'
import { describe, expect, it } from 'vitest'
import { isRequest } from '@nightshift/shared/bus/rpc'
import { broker, busOn, client, expectSoon } from './fixture.ts'

describe('an endpoint answers requests, and nothing else that the server brings it', () => {
  it('not the acknowledgement of a publish that named it as the reply subject, nor a push consumer that points at it', async () => {
    const server = await broker()
    const heard: unknown[] = []
    const bus = busOn(server, { service: 'alerter', host: 'hub' })
    await bus.ready()
    bus.serve([{ verb: 'list', description: 'List', handle: async (request) => heard.push(request) }])
    const asker = await client(server)
    await expectSoon(
      async () => (await asker.request('ops.rpc.alerter.list', '"asked"', { timeout: 500 }).catch(() => undefined)) !== undefined,
    )
    heard.length = 0

    asker.publish('ops.health.web-1.web', '{"stored":1}', { reply: 'ops.rpc.alerter.list' })
    const manager = await jetstreamManager(asker)
    await manager.consumers.add('EVENTS', {
      name: 'aimed',
      deliver_subject: 'ops.rpc.alerter.list',
      deliver_group: 'q',
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    })
    await expectSoon(async () => (await manager.consumers.info('EVENTS', 'aimed')).delivered.consumer_seq > 0)
    expect(await (await asker.request('ops.rpc.alerter.list', '"asked again"', { timeout: 2000 })).json()).toBe(1)
    expect(heard).toEqual(['asked again'])
  })

  it.each([
    ['a request', { subject: 'ops.rpc.alerter.list', reply: '_INBOX.x' }, true],
    ['a publish without a reply subject', { subject: 'ops.rpc.alerter.list' }, false],
    ['a delivery of a stream', { subject: 'ops.rpc.alerter.list', reply: '$JS.ACK.EVENTS.aimed.1.1.1.1.0' }, false],
    ['what was published elsewhere', { subject: 'ops.health.web-1.web', reply: '_INBOX.x' }, false],
  ])('%s: %o', (_what, message, isAnswered) => {
    expect(isRequest(message, 'ops.rpc.alerter.list')).toBe(isAnswered)
  })
})

import { jetstreamManager } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectApiRefused, expectPublishRefused, expectSubscribeRefused, join, overhear, type Party } from './attempts.ts'
import { startGuardedBus, type GuardedBus, type Login } from './guarded-bus.ts'

/** What somebody with a stolen credential would try. Each row is really attempted with that user's credential on a real server. */
const publishes: [as: Login, name: string, subject: string][] = [
  ['collector', 'cannot publish metrics of another host', 'ops.metric.db-1.cpu'],
  ['collector', 'cannot publish check results of another host', 'ops.check.db-1.web'],
  ['collector', 'cannot publish transitions of another host', 'ops.health.db-1.web'],
  ['collector', 'cannot publish transitions of no host', 'ops.health._fleet.web'],
  ['collector', 'cannot publish logs of another host', 'ops.log.db-1.sshd.error'],
  ['collector', 'cannot send the heartbeat of another host', 'ops.agent.db-1.collector'],
  ['collector', 'cannot send the heartbeat of another service of its host', 'ops.agent.web-1.healer'],
  ['collector', 'cannot raise an alert', 'ops.alert.web-1.disk-full.firing'],
  ['collector', 'cannot claim that something was healed', 'ops.heal.web-1.restart-web.recovered'],
  ['collector', 'cannot claim that somebody was notified', 'ops.notify.slack.delivered'],
  ['collector', 'cannot announce a change', 'ops.change.web-1.deploy'],
  ['collector', 'cannot write into the audit trail', 'ops.audit.healer'],
  ['collector', 'cannot bury messages for another service', 'ops.dead.alerter'],
  ['collector', 'cannot ask the collector of another host', 'ops.rpc.collector.db-1.check'],
  ['collector', 'cannot ask the healer of its own host', 'ops.rpc.healer.web-1.list'],
  ['collector', 'cannot ask the alerter', 'ops.rpc.alerter.list'],
  ['collector', 'cannot pull the kill switch, or release it', '$KV.ops_control.kill_switch'],
  ['collector', 'cannot write a lock', '$KV.ops_locks.healer.web-1.restart-web'],
  ['collector', 'cannot send replies to another service', '_INBOX_alerter_web-1.x'],
  ['healer', 'cannot publish transitions, not even of its own host', 'ops.health.web-1.web'],
  ['healer', 'cannot publish metrics', 'ops.metric.web-1.cpu'],
  ['healer', 'cannot claim a heal on another host', 'ops.heal.db-1.restart-db.recovered'],
  ['healer', 'cannot raise or resolve an alert', 'ops.alert.web-1.disk-full.resolved'],
  ['healer', 'cannot ask the collector of another host', 'ops.rpc.collector.db-1.check'],
  ['healer', 'cannot ask its collector for anything but a check', 'ops.rpc.collector.web-1.reload'],
  ['healer', 'cannot ask the healer of another host', 'ops.rpc.healer.db-1.list'],
  ['healer', 'cannot take the locks of another host', '$KV.ops_locks.healer.db-1.restart-db'],
  ['healer', 'cannot take the lease of the alerter', '$KV.ops_locks.alerter.0'],
  ['healer', 'cannot release the kill switch', '$KV.ops_control.kill_switch'],
  ['healer', 'cannot lift the hold on its host', '$KV.ops_control.hold.web-1'],
  ['healer', 'cannot change the state of alerts', '$KV.ops_alerts.x'],
  ['healer', 'cannot write for another service into the audit trail', 'ops.audit.alerter'],
  ['backup', 'cannot claim a backup of another host', 'ops.backup.db-1.db.completed'],
  ['backup', 'cannot publish transitions', 'ops.health.web-1.web'],
  ['backup', 'cannot claim a heal', 'ops.heal.web-1.restart-web.recovered'],
  ['backup', 'cannot ask the backup of another host', 'ops.rpc.backup.db-1.run'],
  ['backup', 'cannot ask a healer', 'ops.rpc.healer.web-1.list'],
  ['backup', 'cannot take the locks of another host', '$KV.ops_locks.backup.db-1.db'],
  ['backup', 'cannot take the locks of a healer', '$KV.ops_locks.healer.web-1.restart-web'],
  ['backup', 'cannot hold the healer of another host', '$KV.ops_control.hold.db-1'],
  ['backup', 'cannot pull the kill switch, or release it', '$KV.ops_control.kill_switch'],
  ['backup', 'cannot write into the object store of another host', '$O.backup_db-1.C.x'],
  ['alerter', 'cannot publish transitions', 'ops.health.web-1.web'],
  ['alerter', 'cannot publish metrics', 'ops.metric.web-1.cpu'],
  ['alerter', 'cannot claim a heal', 'ops.heal.web-1.restart-web.acting'],
  ['alerter', 'cannot ask a healer', 'ops.rpc.healer.web-1.list'],
  ['alerter', 'cannot take the locks of a healer', '$KV.ops_locks.healer.web-1.restart-web'],
  ['alerter', 'cannot release the kill switch', '$KV.ops_control.kill_switch'],
  ['alerter', 'cannot publish reports', 'ops.report.daily.sent'],
  ['reporter', 'cannot raise or resolve an alert', 'ops.alert.web-1.disk-full.resolved'],
  ['reporter', 'cannot publish transitions', 'ops.health.web-1.web'],
  ['reporter', 'cannot change the state of alerts', '$KV.ops_alerts.x'],
  ['reporter', 'cannot silence anything', '$KV.ops_silences.x'],
  ['reporter', 'cannot release the kill switch', '$KV.ops_control.kill_switch'],
  ['reporter', 'cannot ask a healer', 'ops.rpc.healer.web-1.list'],
  ['operator', 'cannot publish transitions', 'ops.health.web-1.web'],
  ['operator', 'cannot publish metrics', 'ops.metric.web-1.cpu'],
  ['operator', 'cannot raise or resolve an alert', 'ops.alert.web-1.disk-full.resolved'],
  ['operator', 'cannot write into a bucket', '$KV.ops_control.kill_switch'],
  ['operator', 'cannot acknowledge for a healer', '$JS.ACK.EVENTS.healer_web-1.1.1.1.1.0'],
  ['operator', 'cannot forge an answer to a service', '_INBOX_healer_web-1.x'],
]

const subscriptions: [as: Login, name: string, subject: string, speaker: Login, spoken: string][] = [
  ['collector', 'cannot listen to everything', 'ops.>', 'otherCollector', 'ops.metric.db-1.cpu'],
  ['collector', 'cannot listen to the metrics of another host', 'ops.metric.db-1.*', 'otherCollector', 'ops.metric.db-1.cpu'],
  ['collector', 'cannot listen to transitions of all hosts', 'ops.health.*.*', 'otherCollector', 'ops.health.db-1.web'],
  ['collector', 'cannot take requests to another collector', 'ops.rpc.collector.db-1.check', 'operator', 'ops.rpc.collector.db-1.check'],
  ['collector', 'cannot take requests to all collectors', 'ops.rpc.collector.*.check', 'operator', 'ops.rpc.collector.db-1.check'],
  ['collector', 'cannot take requests to its healer', 'ops.rpc.healer.web-1.list', 'operator', 'ops.rpc.healer.web-1.list'],
  ['collector', 'cannot read replies to its healer', '_INBOX_healer_web-1.>', 'healer', '_INBOX_healer_web-1.x'],
  ['collector', 'cannot read replies to the operator', '_INBOX.>', 'admin', '_INBOX.x'],
  ['collector', 'cannot watch a bucket', '$KV.>', 'healer', '$KV.ops_locks.healer.web-1.x'],
  ['collector', 'cannot pose as another service', '$SRV.INFO.healer', 'operator', '$SRV.INFO.healer'],
  ['collector', 'cannot listen to requests to the server', '$JS.API.>', 'healer', '$JS.API.STREAM.INFO.EVENTS'],
  ['healer', 'cannot listen to transitions past its consumer', 'ops.health.*.*', 'otherCollector', 'ops.health.db-1.web'],
  ['healer', 'cannot take requests to another healer', 'ops.rpc.healer.db-1.list', 'operator', 'ops.rpc.healer.db-1.list'],
  ['healer', 'cannot take requests to its collector', 'ops.rpc.collector.web-1.check', 'operator', 'ops.rpc.collector.web-1.check'],
  ['backup', 'cannot take requests to the backup of another host', 'ops.rpc.backup.db-1.run', 'operator', 'ops.rpc.backup.db-1.run'],
  ['backup', 'cannot listen to what others do', 'ops.>', 'otherCollector', 'ops.health.db-1.web'],
  ['alerter', 'cannot take requests to the reporter', 'ops.rpc.reporter.state', 'operator', 'ops.rpc.reporter.state'],
  ['alerter', 'cannot take requests to a collector', 'ops.rpc.collector.web-1.check', 'operator', 'ops.rpc.collector.web-1.check'],
  ['reporter', 'cannot take requests to the alerter', 'ops.rpc.alerter.list', 'operator', 'ops.rpc.alerter.list'],
  ['operator', 'cannot read replies to a service', '_INBOX_alerter_web-1.>', 'admin', '_INBOX_alerter_web-1.x'],
  ['operator', 'cannot watch a bucket', '$KV.>', 'admin', '$KV.ops_control.kill_switch'],
]

const requests: [as: Login, name: string, verb: string, body?: object][] = [
  ['collector', 'cannot read a message of a stream', 'STREAM.MSG.GET.EVENTS', { seq: 1 }],
  ['collector', 'cannot read a message of a stream the direct way', 'DIRECT.GET.EVENTS', { seq: 1 }],
  ['collector', 'cannot read a bucket', 'DIRECT.GET.KV_ops_alerts.$KV.ops_alerts.x'],
  ['collector', 'cannot make a consumer', 'CONSUMER.CREATE.EVENTS', { stream_name: 'EVENTS', config: { ack_policy: 'none' } }],
  ['collector', 'cannot make the consumer of its healer', 'CONSUMER.CREATE.EVENTS.healer_web-1.ops.health.web-1.*'],
  ['collector', 'cannot take the messages of its healer', 'CONSUMER.MSG.NEXT.EVENTS.healer_web-1'],
  ['collector', 'cannot list the streams', 'STREAM.LIST'],
  ['collector', 'cannot make a stream', 'STREAM.CREATE.MINE', { name: 'MINE', subjects: ['mine.>'] }],
  ['collector', 'cannot purge a stream', 'STREAM.PURGE.EVENTS'],
  ['collector', 'cannot delete a stream', 'STREAM.DELETE.METRICS'],
  ['healer', 'cannot make a consumer of another name', 'CONSUMER.CREATE.EVENTS.mine.ops.health.web-1.*'],
  ['healer', 'cannot make a consumer of the events of another host', 'CONSUMER.CREATE.EVENTS.healer_web-1.ops.health.db-1.*'],
  ['healer', 'cannot make a consumer of all events', 'CONSUMER.CREATE.EVENTS.healer_web-1'],
  [
    'healer',
    'cannot make a durable the old way',
    'CONSUMER.DURABLE.CREATE.EVENTS.healer_web-1',
    { stream_name: 'EVENTS', config: { durable_name: 'healer_web-1' } },
  ],
  ['healer', 'cannot make an unnamed consumer', 'CONSUMER.CREATE.EVENTS'],
  ['healer', 'cannot take the messages of another healer', 'CONSUMER.MSG.NEXT.EVENTS.healer_db-1'],
  ['healer', 'cannot look at the consumer of another healer', 'CONSUMER.INFO.EVENTS.healer_db-1'],
  ['healer', 'cannot delete a consumer', 'CONSUMER.DELETE.EVENTS.healer_db-1'],
  ['healer', 'cannot read the metrics', 'STREAM.MSG.GET.METRICS', { seq: 1 }],
  ['healer', 'cannot read the locks of another host', 'DIRECT.GET.KV_ops_locks.$KV.ops_locks.healer.db-1.x'],
  ['healer', 'cannot list a bucket', 'DIRECT.GET.KV_ops_locks', { seq: 1 }],
  ['healer', 'cannot see the hold of another host', 'DIRECT.GET.KV_ops_control.$KV.ops_control.hold.db-1'],
  ['healer', 'cannot read the alerts', 'DIRECT.GET.KV_ops_alerts.$KV.ops_alerts.x'],
  ['healer', 'cannot purge a stream', 'STREAM.PURGE.EVENTS'],
  ['backup', 'cannot read the events', 'STREAM.MSG.GET.EVENTS', { seq: 1 }],
  ['backup', 'cannot make a consumer of the events', 'CONSUMER.CREATE.EVENTS.mine'],
  ['backup', 'cannot make a stream, not even its object store', 'STREAM.CREATE.OBJ_backup_web-1', { name: 'OBJ_backup_web-1' }],
  ['backup', 'cannot read the object store of another host', 'STREAM.MSG.GET.OBJ_backup_db-1', { seq: 1 }],
  ['backup', 'cannot empty the object store of another host', 'STREAM.PURGE.OBJ_backup_db-1'],
  ['backup', 'cannot remove its object store', 'STREAM.DELETE.OBJ_backup_web-1'],
  ['alerter', 'cannot purge a stream', 'STREAM.PURGE.EVENTS'],
  ['alerter', 'cannot delete a stream', 'STREAM.DELETE.EVENTS'],
  ['alerter', 'cannot delete single messages', 'STREAM.MSG.DELETE.METRICS', { seq: 1 }],
  ['alerter', 'cannot change a stream', 'STREAM.UPDATE.EVENTS', { name: 'EVENTS', max_msgs: 1 }],
  ['alerter', 'cannot read the logs', 'CONSUMER.CREATE.LOGS.alerter-0'],
  ['alerter', 'cannot make the consumer of a healer', 'CONSUMER.CREATE.EVENTS.healer_web-1.ops.health.web-1.*'],
  ['alerter', 'cannot take the messages of the reporter', 'CONSUMER.MSG.NEXT.EVENTS.reporter'],
  ['reporter', 'cannot purge a stream', 'STREAM.PURGE.AUDIT'],
  ['reporter', 'cannot delete a stream', 'STREAM.DELETE.EVENTS'],
  ['reporter', 'cannot take the messages of a healer', 'CONSUMER.MSG.NEXT.EVENTS.healer_web-1'],
  ['operator', 'cannot purge a stream', 'STREAM.PURGE.EVENTS'],
  ['operator', 'cannot delete a stream', 'STREAM.DELETE.EVENTS'],
  ['operator', 'cannot delete single messages', 'STREAM.MSG.DELETE.METRICS', { seq: 1 }],
  ['operator', 'cannot change a stream', 'STREAM.UPDATE.EVENTS', { name: 'EVENTS', max_msgs: 1 }],
  ['operator', 'cannot make a stream', 'STREAM.CREATE.MINE', { name: 'MINE', subjects: ['mine.>'] }],
  ['operator', 'cannot delete the consumer of a healer', 'CONSUMER.DELETE.EVENTS.healer_web-1'],
  ['operator', 'cannot change the consumer of a healer', 'CONSUMER.CREATE.EVENTS.healer_web-1.ops.health.db-1.*'],
  ['operator', 'cannot take the messages of a healer', 'CONSUMER.MSG.NEXT.EVENTS.healer_web-1'],
  ['operator', 'cannot take the messages of the alerter', 'CONSUMER.MSG.NEXT.METRICS.alerter-0'],
  ['operator', 'cannot read a bucket', 'STREAM.MSG.GET.KV_ops_alerts', { seq: 1 }],
]

describe('what each user must not do', () => {
  let bus: GuardedBus
  const parties = new Map<Login, Party>()
  const party = (login: Login): Party => {
    const known = parties.get(login)
    if (known === undefined) throw new Error(`${login} has not joined`)
    return known
  }

  beforeAll(async () => {
    bus = await startGuardedBus()
    const logins: Login[] = [
      'admin',
      'collector',
      'otherCollector',
      'healer',
      'otherHealer',
      'backup',
      'otherBackup',
      'alerter',
      'reporter',
      'operator',
    ]
    for (const login of logins) parties.set(login, await join(bus, login))
  })
  afterAll(async () => await bus.stop())

  it.each(publishes)('a %s %s', async (as, _name, subject) => {
    // Everybody who could hear it: the trusted account, and whom it would be for on the hosts.
    const listeners = [bus.admin]
    if (subject.startsWith('ops.rpc.collector.db-1.')) listeners.push(party('otherCollector').connection)
    await expectPublishRefused(party(as), subject, listeners)
  })

  it.each(subscriptions)('a %s %s', async (as, _name, subject, speaker, spoken) => {
    await expectSubscribeRefused(party(as), subject, party(speaker).connection, spoken)
  })

  it.each(requests)('a %s %s', async (as, _name, verb, body) => {
    await expectApiRefused(party(as), verb, body ?? '')
  })

  it('a healer cannot have its own consumer deliver the events of another host', async () => {
    const { connection } = party('healer')
    const subject = '$JS.API.CONSUMER.CREATE.EVENTS.healer_web-1.ops.health.web-1.*'
    const attempts = [
      { name: 'healer_web-1', durable_name: 'healer_web-1', ack_policy: 'explicit', filter_subject: 'ops.health.db-1.*' },
      { name: 'healer_web-1', durable_name: 'healer_web-1', ack_policy: 'explicit', filter_subject: 'ops.health.>' },
      { name: 'healer_web-1', durable_name: 'healer_web-1', ack_policy: 'explicit' },
      {
        name: 'healer_web-1',
        durable_name: 'healer_web-1',
        ack_policy: 'explicit',
        filter_subjects: ['ops.health.db-1.*', 'ops.health.web-1.*'],
      },
      { name: 'healer_db-1', durable_name: 'healer_db-1', ack_policy: 'explicit', filter_subject: 'ops.health.web-1.*' },
    ]
    for (const config of attempts) {
      const reply = await connection.request(subject, JSON.stringify({ stream_name: 'EVENTS', config }))
      expect(reply.json()).toMatchObject({ error: { code: 400 } })
    }
    const otherStream = { name: 'healer_web-1', durable_name: 'healer_web-1', ack_policy: 'explicit', filter_subject: 'ops.health.web-1.*' }
    const reply = await connection.request(subject, JSON.stringify({ stream_name: 'AUDIT', config: otherStream }))
    expect(reply.json()).toMatchObject({ error: { code: 400 } })
    const manager = await jetstreamManager(bus.admin)
    expect(await manager.consumers.list('EVENTS').next()).toEqual([])
  })

  it('nobody gets in without a credential, with a wrong password, or with the key of a stranger', async () => {
    const { connect, nkeyAuthenticator } = await import('@nats-io/transport-node')
    const { createUser } = await import('@nats-io/nkeys')
    const servers = bus.server.url
    await expect(connect({ servers, reconnect: false })).rejects.toThrow(/authorization/i)
    await expect(connect({ servers, reconnect: false, user: 'operator', pass: 'operator' })).rejects.toThrow(/authorization/i)
    await expect(connect({ servers, reconnect: false, authenticator: nkeyAuthenticator(createUser().getSeed()) })).rejects.toThrow(
      /authorization/i,
    )
  })

  it('requests between services of hosts stay unseen by the services that serve all hosts', async () => {
    const ear = await overhear(bus.admin, 'ops.rpc.>')
    party('healer').connection.publish('ops.rpc.collector.web-1.check', '{"check":"web"}')
    await party('healer').connection.flush()
    expect(await ear.stop()).toEqual([])
  })
})

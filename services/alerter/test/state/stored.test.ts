import { afterAll, beforeAll, expect, it } from 'vitest'
import { newGroup } from '../../src/group/group.ts'
import { storedBucket } from '../../src/state/stored.ts'
import { AlerterBed, until } from '../alerter-bed.ts'
import { exampleEvent, exampleNotification } from '../example-notification.ts'

let bed: AlerterBed
beforeAll(async () => {
  bed = await AlerterBed.open()
})
afterAll(() => bed.close())

it('what version 1 stored of a group is read: what it said once for each channel goes out to each of them', async () => {
  const notifications = ['console', 'second'].map((channel) => ({ ...exampleNotification({}, channel), group: 'some-group' }))
  const [first] = notifications
  const event = exampleEvent()
  const member = { event, told: { phase: 'firing', severity: 'warning', epoch: event.epoch }, news_ms: null, left: false, acked_ms: null }
  const incident = { id: first?.message.incident, opened_ms: 1, worst: 'warning', ladder: null }
  const told = { incident, seq: 1, told_ms: Date.now(), told_channels: ['console', 'second'] }
  const group = {
    ...newGroup({ id: 'some-group', route: 'root', labels: {}, named_channels: null }),
    ...told,
    members: { [event.fingerprint]: member },
  }
  const data = { kind: 'group', token: 0, group, said: { notifications, checkpoint: 1 } }
  await (await bed.bus.kv('alerts')).put('group.some-group', JSON.stringify({ v: 1, data }))
  await bed.startWorking({ default_rules: false, channels: { console: { kind: 'log' }, second: { kind: 'log' } } })
  await until(() => bed.notifies.length === 2)
  expect(bed.notifies.map(({ channel, outcome }) => `${channel} ${outcome}`).toSorted()).toEqual(['console delivered', 'second delivered'])
  expect(storedBucket.read({ ...data, said: null }, 1)).toMatchObject({ kind: 'group', said: null })
})

import { expect, test } from 'vitest'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { alerterConfigSchema } from '../../src/config.ts'
import { drillSchema } from '../../src/drill/drill-config.ts'
import { dueMinute } from '../../src/drill/drills.ts'
import type { Notification } from '../../src/notify/notification.ts'
import { Simulation } from '../../src/simulate/simulation.ts'

const at = (text: string): number => Date.parse(text)

test('a drill is due in one minute of its days, by the clock of its zone', () => {
  const drill = drillSchema.parse({ days: ['mon'], at: '10:00', timezone: 'Asia/Seoul' })
  expect(dueMinute(drill, 'UTC', at('2026-11-23T01:00:59.999Z'))).toBe(at('2026-11-23T01:00:00.000Z'))
  expect(dueMinute(drill, 'UTC', at('2026-11-23T01:01:00.000Z'))).toBeUndefined()
  expect(dueMinute(drill, 'UTC', at('2026-11-24T01:00:30.000Z'))).toBeUndefined()
})

test('the last minute of a day is one too', () => {
  const drill = drillSchema.parse({ days: ['sat'], at: '23:59' })
  expect(dueMinute(drill, 'UTC', at('2026-11-21T23:59:10.000Z'))).toBe(at('2026-11-21T23:59:00.000Z'))
  expect(dueMinute(drill, 'UTC', at('2026-11-22T00:00:00.000Z'))).toBeUndefined()
})

test('it goes out when its minute begins; when nobody confirms it, all channels say so at the end of its time, until one is confirmed', async () => {
  const channels = { hook: { kind: 'log' }, pager: { kind: 'log' } }
  const config = alerterConfigSchema.parse({
    channels,
    drill: { days: ['mon', 'tue'], at: '10:00', channels: ['hook'], confirm_within: '7m' },
  })
  const heard: string[] = []
  const note = ({ channel, event, message: { firing } }: Notification, atMs: number): void =>
    void heard.push(`${new Date(atMs).toISOString()} ${channel} ${event.rule} ${firing === 0 ? 'is over' : event.severity}`)
  const simulation = await Simulation.open({
    base: baseConfigSchema.parse({}),
    config,
    startMs: at('2026-11-23T09:59:32.100Z'),
    onAlert: () => undefined,
    onNotification: note,
    isWithDrills: true,
    leastLookMs: 60_000,
  })
  try {
    await simulation.advanceTo(at('2026-11-23T10:20:00.000Z'))
    expect(heard).toEqual([
      '2026-11-23T10:00:00.000Z hook notification-drill info',
      '2026-11-23T10:07:00.000Z hook notification-drill is over',
      '2026-11-23T10:07:00.000Z hook drill-unconfirmed critical',
      '2026-11-23T10:07:00.000Z pager drill-unconfirmed critical',
    ])
    heard.length = 0
    await simulation.advanceTo(at('2026-11-24T10:01:00.000Z'))
    const drill = simulation.standing().records.find(({ series, life }) => series.rule === 'notification-drill' && life.phase === 'firing')
    await simulation.ask('ack', { alert: drill?.series.fingerprint, actor: 'kim' })
    await simulation.advanceTo(at('2026-11-24T10:02:00.000Z'))
    expect(heard.filter((line) => line.includes('drill-unconfirmed is over'))).toHaveLength(2)
    expect(simulation.problems()).toEqual([])
  } finally {
    await simulation.close()
  }
})

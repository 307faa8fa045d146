import { isoTime } from '@nightshift/shared/clock'
import { describe, expect, it } from 'vitest'
import { maxItemsPerHost } from '../../src/fleet/hosts.ts'
import { maxStepsPerHeal } from '../../src/fleet/heals.ts'
import { trendLength } from '../../src/fleet/trends.ts'
import { alert, checkResult, cpu, gibibyte, heal, health, heartbeat, message, metric, startMs } from '../fixture-events.ts'
import { fleetWith, take } from './fleet-with.ts'

describe('hosts', () => {
  it('shows the last values of each group and when the bus last saw the host', () => {
    const fleet = fleetWith([
      cpu('web-1', 0.12),
      metric(
        'web-1',
        'mem',
        { fields: { used_ratio: 0.5, total_bytes: 8 * gibibyte, available_bytes: 4 * gibibyte, swap_used_ratio: 0 } },
        startMs + 10,
      ),
      metric('web-1', 'load', { fields: { load1: 1, load5: 2, load15: 3, load1_per_core: 0.25 } }, startMs + 20),
      metric(
        'web-1',
        'fs',
        {
          items: [{ mount: '/', device: '/dev/vda1', fstype: 'ext4', used_ratio: 0.4, size_bytes: 100, available_bytes: 60, readonly: 1 }],
        },
        startMs + 30,
      ),
      metric(
        'web-1',
        'disk',
        { items: [{ device: 'vda', read_bytes_per_second: 1, written_bytes_per_second: 2, io_time_ratio: 0.1 }] },
        startMs + 40,
      ),
      metric('web-1', 'net', { items: [{ nic: 'eth0', receive_bytes_per_second: 1, transmit_bytes_per_second: 2 }] }, startMs + 50),
      cpu('web-1', 0.34, startMs + 1000),
    ])
    expect(fleet.model.host.get('web-1')).toEqual({
      host: 'web-1',
      last_seen_time: isoTime(startMs + 1000),
      cpu: { usage_ratio: 0.34, iowait_ratio: 0, steal_ratio: 0, cores: 4 },
      mem: { used_ratio: 0.5, total_bytes: 8 * gibibyte, available_bytes: 4 * gibibyte, swap_used_ratio: 0 },
      load: { load1: 1, load5: 2, load15: 3, load1_per_core: 0.25 },
      fs: [{ mount: '/', used_ratio: 0.4, size_bytes: 100, available_bytes: 60, inodes_used_ratio: null, readonly: true }],
      disk: [{ device: 'vda', read_bytes_per_second: 1, written_bytes_per_second: 2, io_time_ratio: 0.1 }],
      net: [{ nic: 'eth0', receive_bytes_per_second: 1, transmit_bytes_per_second: 2 }],
    })
  })

  it('lets a file system go that is absent from a message that did arrive', () => {
    const items = (mounts: string[]) => mounts.map((mount) => ({ mount, device: 'd', fstype: 'ext4', used_ratio: 0.1 }))
    const fleet = fleetWith([
      metric('web-1', 'fs', { items: items(['/', '/data']) }),
      metric('web-1', 'fs', { items: items(['/']) }, startMs + 1),
    ])
    expect(fleet.model.host.get('web-1')?.fs.map((fs) => fs.mount)).toEqual(['/'])
  })

  it('puts the parts of a long message together and keeps the fullest file systems', () => {
    const items = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        mount: `/m${String(from + index).padStart(2, '0')}`,
        device: 'd',
        fstype: 'ext4',
        used_ratio: (from + index) / 100,
      }))
    const fleet = fleetWith([
      metric('web-1', 'fs', { items: items(0, 20), part: 1, parts: 2 }),
      metric('web-1', 'fs', { items: items(20, 20), part: 2, parts: 2 }, startMs + 1),
    ])
    const mounts = fleet.model.host.get('web-1')?.fs.map((fs) => fs.mount)
    expect(mounts).toHaveLength(maxItemsPerHost)
    expect(mounts?.[0]).toBe('/m08')
    expect(mounts?.at(-1)).toBe('/m39')
  })

  it('counts a heartbeat of the collector as a sign of life of the host, of no other service', () => {
    const fleet = fleetWith([heartbeat('web-1', 'collector'), heartbeat('db-1', 'alerter')])
    expect([...fleet.model.host.keys()]).toEqual(['web-1'])
    expect([...fleet.model.agent.keys()]).toEqual(['web-1/collector', 'db-1/alerter'])
  })

  it('never moves the time of the last sign of life back', () => {
    const fleet = fleetWith([cpu('web-1', 0.1, startMs + 5000)])
    take(fleet, cpu('web-1', 0.2, startMs + 6000), startMs)
    expect(fleet.model.host.get('web-1')?.last_seen_time).toBe(isoTime(startMs + 5000))
  })
})

describe('trends', () => {
  it('holds one value per five seconds for five minutes, null where nothing came', () => {
    const fleet = fleetWith([cpu('web-1', 0.11111), cpu('web-1', 0.2, startMs + 1000), cpu('web-1', 0.3, startMs + 15_000)])
    expect(fleet.model.trend.get('web-1/cpu')).toMatchObject({
      values: [0.1111, null, null, 0.3],
      end_time: isoTime(startMs + 15_000),
      step_seconds: 5,
    })
    for (let step = 4; step < 200; step++) take(fleet, cpu('web-1', 0.5, startMs + step * 5000))
    expect(fleet.model.trend.get('web-1/cpu')?.values).toEqual(Array(trendLength).fill(0.5))
  })

  it('starts anew when the clock was set far back', () => {
    const fleet = fleetWith([cpu('web-1', 0.1, startMs + 3_600_000)])
    take(fleet, cpu('web-1', 0.2, startMs), startMs)
    expect(fleet.model.trend.get('web-1/cpu')?.values).toEqual([0.2])
  })

  it('survives a gap of a year without filling memory', () => {
    const fleet = fleetWith([cpu('web-1', 0.1), cpu('web-1', 0.2, startMs + 365 * 86_400_000)])
    expect(fleet.model.trend.get('web-1/cpu')?.values).toHaveLength(trendLength)
  })
})

describe('checks', () => {
  const stateOf = (messages: Parameters<typeof fleetWith>[0]) => fleetWith(messages).model.check.get('web-1/web')

  it('believes the last result while no transition has been heard of', () => {
    expect(stateOf([checkResult('web-1', 'web', true)])).toMatchObject({ state: 'ok', confirmed: false, latency_seconds: 0.004 })
    expect(stateOf([checkResult('web-1', 'web', false)])).toMatchObject({ state: 'failing', error: 'connection refused' })
    expect(stateOf([checkResult('web-1', 'web', null, startMs, { error: 'no /proc here' })])).toMatchObject({
      state: 'unknown',
      error: 'no /proc here',
    })
  })

  it('changes its state only with a transition once there has been one', () => {
    const messages = [health('web-1', 'web', 'ok', null), checkResult('web-1', 'web', false, startMs + 1000)]
    expect(stateOf(messages)).toMatchObject({ state: 'ok', since_time: isoTime(startMs), last_ok: false, error: 'connection refused' })
    expect(stateOf([...messages, health('web-1', 'web', 'failing', 'ok', startMs + 2000)])).toMatchObject({
      state: 'failing',
      since_time: isoTime(startMs + 2000),
    })
  })

  it('keeps the reason while it fails and a run in between is fine', () => {
    expect(stateOf([health('web-1', 'web', 'failing', 'ok'), checkResult('web-1', 'web', true, startMs + 1)])).toMatchObject({
      state: 'failing',
      error: 'connection refused',
    })
  })

  it('is right whichever of the two streams is read first', () => {
    const result = checkResult('web-1', 'web', false, startMs + 5000)
    const transition = health('web-1', 'web', 'failing', 'ok', startMs)
    expect(stateOf([result, transition])).toMatchObject({ state: 'failing', since_time: isoTime(startMs) })
    expect(stateOf([transition, result])).toMatchObject({ state: 'failing', since_time: isoTime(startMs) })
  })

  it('does not come back from a result that is older than its removal', () => {
    const removed = health('web-1', 'web', 'removed', 'ok', startMs + 1000)
    expect(stateOf([removed, checkResult('web-1', 'web', true, startMs + 500)])).toMatchObject({ state: 'removed' })
    expect(stateOf([removed, checkResult('web-1', 'web', true, startMs + 2000)])).toMatchObject({ state: 'ok', confirmed: false })
    expect(stateOf([checkResult('web-1', 'web', true, startMs + 2000), removed])).toMatchObject({ state: 'ok' })
  })

  it('ignores a transition that is older than the one it knows', () => {
    expect(
      stateOf([health('web-1', 'web', 'ok', 'failing', startMs + 1000), health('web-1', 'web', 'failing', 'ok', startMs)]),
    ).toMatchObject({ state: 'ok' })
  })
})

describe('alerts', () => {
  const alertOf = (messages: Parameters<typeof fleetWith>[0]) => fleetWith(messages).model.alert.get('web-down@web-1')

  it('follows an alert from pending to resolved', () => {
    const phases = ['pending', 'firing', 'updated', 'acked', 'resolved']
    const states = phases.map(
      (_, index) => alertOf(phases.slice(0, index + 1).map((phase, at) => alert('web-1', 'web-down', phase, startMs + at * 1000)))?.state,
    )
    expect(states).toEqual(['pending', 'firing', 'firing', 'acked', 'resolved'])
  })

  it('takes news of an alert it never heard of as one that fires', () => {
    expect(alertOf([alert('web-1', 'web-down', 'updated')])?.state).toBe('firing')
  })

  it('is not opened again by an event that comes late', () => {
    expect(alertOf([alert('web-1', 'web-down', 'resolved', startMs + 1000), alert('web-1', 'web-down', 'firing', startMs)])?.state).toBe(
      'resolved',
    )
  })

  it('cuts long text and many labels', () => {
    const labels = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`l${index}`, 'v'.repeat(1000)]))
    const entry = alertOf([alert('web-1', 'web-down', 'firing', startMs, { labels, summary: 's'.repeat(8000) })])
    expect(Object.keys(entry?.labels ?? {})).toHaveLength(16)
    expect(entry?.summary).toHaveLength(500)
  })
})

describe('heals', () => {
  it('shows the steps of a run with its attempts', () => {
    const fleet = fleetWith([
      heal('web-1', 'r1', 'diagnosing', 0),
      heal('web-1', 'r1', 'acting', 1, startMs + 100, { output: 'restarted', exit_code: 0 }),
      heal('web-1', 'r1', 'recovered', 1, startMs + 4000, { duration_seconds: 4 }),
    ])
    expect(fleet.model.heal.get('r1')).toMatchObject({
      phase: 'recovered',
      attempt: 1,
      output: 'restarted',
      exit_code: 0,
      started_time: isoTime(startMs),
    })
    expect(fleet.model.heal.get('r1')?.steps.map((step) => step.phase)).toEqual(['diagnosing', 'acting', 'recovered'])
  })

  it('keeps the last steps of a run that never ends, and the end of a long output', () => {
    const fleet = fleetWith(
      Array.from({ length: 100 }, (_, index) =>
        heal('web-1', 'r1', 'acting', index, startMs + index, { output: `${'x'.repeat(60_000)}${index}` }),
      ),
    )
    expect(fleet.model.heal.get('r1')?.steps).toHaveLength(maxStepsPerHeal)
    expect(fleet.model.heal.get('r1')?.output).toHaveLength(2000)
    expect(fleet.model.heal.get('r1')?.output?.endsWith('99')).toBe(true)
  })
})

it('changes nothing when the same events come again', () => {
  const story = [
    health('web-1', 'web', 'failing', 'ok'),
    alert('web-1', 'web-down', 'firing', startMs + 10),
    heal('web-1', 'r1', 'acting', 1, startMs + 20),
    heal('web-1', 'r1', 'recovered', 1, startMs + 30),
    alert('web-1', 'web-down', 'resolved', startMs + 40),
  ]
  const fleet = fleetWith(story)
  const before = JSON.stringify([...fleet.model.heal, ...fleet.model.alert, ...fleet.model.check, ...fleet.model.event])
  for (const again of [...story, ...story.toReversed()]) take(fleet, again)
  expect(JSON.stringify([...fleet.model.heal, ...fleet.model.alert, ...fleet.model.check, ...fleet.model.event])).toBe(before)
})

it('shows nothing of what belongs to no host but alerts, notifications and reports', () => {
  const fleet = fleetWith([
    message({ kind: 'metric', host: null, group: 'nats' }, { group: 'nats', fields: { connections: 1 } }),
    alert(null, 'bus-silent', 'firing', startMs + 1),
    message(
      { kind: 'audit', service: 'healer' },
      { service: 'healer', actor: 'a', action: 'heal.act', target: 't', outcome: 'done', reason: null },
    ),
  ])
  expect(fleet.model.host.size).toBe(0)
  expect(fleet.model.alert.size).toBe(1)
  expect([...fleet.model.event.values()].map((item) => item.text)).toEqual([
    'Alert bus-silent on the fleet (critical): bus-silent is wrong',
  ])
})

describe('a forgotten host', () => {
  it('goes with its checks, trends and services, and leaves others and the history alone', () => {
    const before = [
      cpu('web-1', 0.5),
      checkResult('web-1', 'web', true),
      heartbeat('web-1', 'collector'),
      cpu('web-2', 0.5),
      heal('web-1', 'run-1', 'recovered', 1),
    ]
    const fleet = fleetWith(before)
    expect([...fleet.model.host.keys()]).toEqual(['web-1', 'web-2'])
    take(
      fleet,
      message(
        { kind: 'change', host: 'web-1', what: 'forgotten' },
        { what: 'forgotten', actor: 'minji', summary: 'gone', version: null },
        startMs + 1000,
      ),
    )
    expect([...fleet.model.host.keys()]).toEqual(['web-2'])
    expect([...fleet.model.check.values(), ...fleet.model.agent.values()]).toEqual([])
    expect([...fleet.model.trend.values()].map((trend) => trend.host)).not.toContain('web-1')
    expect(fleet.model.heal.size).toBe(1)
  })
})

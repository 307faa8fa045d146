import { expect, it } from 'vitest'
import { alert, checkResult, cpu, health, heal, startMs } from '../fixture-events.ts'
import { fleetWith, take } from './fleet-with.ts'

it('takes no more hosts and checks than its limits, and counts what it left out', () => {
  const fleet = fleetWith([], { host: 2, check: 1, trend: 2 })
  for (const host of ['a', 'b', 'c', 'd']) take(fleet, cpu(host, 0.1))
  take(fleet, checkResult('a', 'one', true))
  take(fleet, checkResult('a', 'two', true))
  expect([...fleet.model.host.keys()]).toEqual(['a', 'b'])
  expect([...fleet.model.check.keys()]).toEqual(['a/one'])
  expect(fleet.dropped).toMatchObject({ host: 2, trend: 2, check: 1, event: 0 })
})

it('goes on with the hosts it knows when it is full', () => {
  const fleet = fleetWith([cpu('a', 0.1), cpu('b', 0.1)], { host: 1 })
  take(fleet, cpu('a', 0.9, startMs + 1000))
  expect(fleet.model.host.get('a')?.cpu?.usage_ratio).toBe(0.9)
})

it('keeps the newest events, whatever the order in which they come', () => {
  const events = Array.from({ length: 20 }, (_, index) => health('a', `c${index}`, 'ok', null, startMs + index * 1000))
  for (const order of [events, events.toReversed()]) {
    const fleet = fleetWith(order, { event: 5 })
    expect([...fleet.model.event.values()].map((item) => item.time).toSorted()).toEqual(events.slice(-5).map((sent) => sent.event['time']))
  }
})

it('lets resolved alerts and finished heals go before it refuses new ones', () => {
  const fleet = fleetWith(
    [alert('a', 'one', 'firing'), alert('a', 'two', 'resolved', startMs + 1), alert('a', 'three', 'firing', startMs + 2)],
    {
      alert: 2,
      heal: 1,
    },
  )
  expect([...fleet.model.alert.keys()]).toEqual(['one@a', 'three@a'])
  take(fleet, alert('a', 'four', 'firing', startMs + 3))
  expect(fleet.model.alert.size).toBe(2)
  expect(fleet.dropped.alert).toBe(1)
  take(fleet, heal('a', 'r1', 'recovered', 1, startMs + 4))
  take(fleet, heal('a', 'r2', 'acting', 1, startMs + 5))
  expect([...fleet.model.heal.keys()]).toEqual(['r2'])
})

it('tells which keys changed, also of what had to make room', () => {
  const fleet = fleetWith([health('a', 'one', 'ok', null)], { event: 1 })
  const [first] = fleet.model.event.keys()
  const seen: string[][] = []
  const stop = fleet.onChange((keys) => seen.push([...keys]))
  const second = alert('a', 'two', 'firing', startMs + 1000)
  take(fleet, second)
  expect(seen).toEqual([['alert/two@a', `event/${second.event.id}`, `event/${first}`]])
  stop()
  take(fleet, alert('a', 'two', 'resolved', startMs + 2000))
  expect(seen).toHaveLength(1)
})

it('finds an entry by its key', () => {
  const fleet = fleetWith([cpu('a', 0.1)])
  expect(fleet.find('host/a')).toBe(fleet.model.host.get('a'))
  expect(fleet.find('trend/a/cpu')).toMatchObject({ metric: 'cpu' })
  expect(fleet.find('host/b')).toBeUndefined()
  expect(fleet.find('nonsense')).toBeUndefined()
})

import { expect, it } from 'vitest'
import { emptyState, listEvents, mergeMessage } from '../../../src/console/client/live-state.js'
import { deltaMessage, snapshotMessage, type ConsoleStatus } from '../../../src/console/snapshot.ts'
import { alert, cpu, health, startMs } from '../../fixture-events.ts'
import { fleetWith, take } from '../../fleet/fleet-with.ts'

const status: ConsoleStatus = { title: 't', version: 'v', build: 'b', bus: 'connected', caught_up: true, dropped: {} }

it('is the same as the server knows, after a snapshot and after each delta', () => {
  const fleet = fleetWith([cpu('web-1', 0.1)])
  let state = mergeMessage(emptyState(), snapshotMessage(fleet, status, startMs), true, startMs)
  const keys = new Set<string>()
  fleet.onChange((changed) => changed.forEach((key) => keys.add(key)))
  take(fleet, cpu('web-1', 0.2, startMs + 6000))
  take(fleet, alert('web-1', 'web-down', 'firing', startMs + 7000))
  fleet.apply([{ kind: 'trend', id: 'web-1/cpu', entry: null }])
  state = mergeMessage(state, deltaMessage(fleet, status, keys, startMs), false, startMs)
  for (const kind of ['host', 'trend', 'alert', 'event'] as const) expect([...state.entries[kind]]).toEqual([...fleet.model[kind]])
})

it('forgets what it had when a snapshot comes', () => {
  const before = mergeMessage(emptyState(), snapshotMessage(fleetWith([cpu('old', 0.1)]), status, startMs), true, startMs)
  const after = mergeMessage(before, snapshotMessage(fleetWith([cpu('new', 0.1)]), status, startMs), true, startMs)
  expect([...after.entries.host.keys()]).toEqual(['new'])
})

it('keeps the hundred newest events, newest first', () => {
  const fleet = fleetWith(Array.from({ length: 150 }, (_, index) => health('web-1', `c${index}`, 'ok', null, startMs + index)))
  const keys = [...fleet.model.event.keys()].map((id) => `event/${id}`)
  const { entries } = mergeMessage(emptyState(), deltaMessage(fleet, status, keys, startMs), false, startMs)
  expect(entries.event.size).toBe(100)
  expect(listEvents(entries)[0]?.text).toBe('Check c149 on web-1 is ok')
})

it('knows how far its clock is from that of the server, and ignores kinds it does not know', () => {
  const message = { ...snapshotMessage(fleetWith([]), status, startMs), set: { 'toString/x': {}, 'future/x': {} } }
  const state = mergeMessage(emptyState(), message as never, true, startMs - 90_000)
  expect(state.skewMs).toBe(90_000)
  expect(Object.values(state.entries).every((map) => map.size === 0)).toBe(true)
})

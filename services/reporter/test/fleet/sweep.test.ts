import { expect, it } from 'vitest'
import { keptMs, sweep } from '../../src/fleet/sweep.ts'
import { alert, checkResult, cpu, heal, health, heartbeat, startMs } from '../fixture-events.ts'
import { fleetWith } from './fleet-with.ts'

const gone = (messages: Parameters<typeof fleetWith>[0], afterMs: number) =>
  sweep(fleetWith(messages).model, startMs + afterMs).map((change) => `${change.kind}/${change.id}`)

it('forgets what is over, at its time and not before', () => {
  const cases = [
    [alert('a', 'r', 'resolved'), keptMs.resolvedAlert, 'alert/r@a'],
    [alert('a', 'r', 'pending'), keptMs.pendingAlert, 'alert/r@a'],
    [heal('a', 'run', 'recovered', 1), keptMs.finishedHeal, 'heal/run'],
    [heal('a', 'run', 'acting', 1), keptMs.openHeal, 'heal/run'],
    [heartbeat('a', 'alerter'), keptMs.silentAgent, 'agent/a/alerter'],
    [health('a', 'web', 'removed', 'ok'), keptMs.removedCheck, 'check/a/web'],
  ] as const
  for (const [message, ageMs, key] of cases) {
    expect(gone([message], ageMs)).toEqual([])
    expect(gone([message], ageMs + 1)).toEqual([key])
  }
})

it('never forgets an alert that fires', () => {
  expect(gone([alert('a', 'r', 'firing'), alert('a', 'q', 'acked')], 365 * 86_400_000)).toEqual([])
})

it('lets a host go that was silent for a day, with its checks and trends', () => {
  const messages = [cpu('a', 0.1), checkResult('a', 'web', true), cpu('b', 0.1, startMs + keptMs.silentHost)]
  expect(gone(messages, keptMs.silentHost)).toEqual([])
  expect(gone(messages, keptMs.silentHost + 1).toSorted()).toEqual(['check/a/web', 'host/a', 'trend/a/cpu'])
})

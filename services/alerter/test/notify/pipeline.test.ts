import { describe, expect, it } from 'vitest'
import { notificationsFor } from '../../src/notify/pipeline.ts'
import { exampleEvent } from '../example-notification.ts'

const view = (named: readonly string[] | null) => ({ channels: ['hook', 'log'], channelsOf: () => named })

describe('an alert event on its way to people', () => {
  it('goes to every channel unless its rule names some', () => {
    expect(notificationsFor(exampleEvent(), view(null)).map(({ channel }) => channel)).toEqual(['hook', 'log'])
    expect(notificationsFor(exampleEvent(), view(['log'])).map(({ channel }) => channel)).toEqual(['log'])
  })

  it('leaves out a channel that was taken out of the configuration', () => {
    expect(notificationsFor(exampleEvent(), view(['log', 'gone'])).map(({ channel }) => channel)).toEqual(['log'])
  })

  it.each([
    ['pending', null, false],
    ['firing', null, true],
    ['updated', 'up from warning to critical', true],
    ['resolved', 'recovered', true],
    ['resolved', 'gone', true],
    ['resolved', 'recovered before it fired', false],
  ] as const)('%s (%s) is told: %s', (phase, reason, isTold) => {
    expect(notificationsFor(exampleEvent({ phase, reason }), view(null)).length > 0).toBe(isTold)
  })

  it('has one id per occurrence and step, whatever channel it goes to, and however often it is made', () => {
    const id = (change: Parameters<typeof exampleEvent>[0]) => notificationsFor(exampleEvent(change), view(['log']))[0]?.id
    expect(id({})).toBe('01JD0000000000000000000004-firing')
    expect(id({ summary: 'other words' })).toBe(id({}))
    expect(id({ phase: 'updated', id: '01JD00000000000000000000AA' })).not.toBe(id({ phase: 'updated', id: '01JD00000000000000000000BB' }))
    expect(id({ phase: 'resolved', epoch: '01JD0000000000000000000009' })).toBe('01JD0000000000000000000009-resolved')
  })
})

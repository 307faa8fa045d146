import { describe, expect, test } from 'vitest'
import { factsOfId } from '../../src/containers/container-facts.ts'
import { nextCounts, type Counts } from '../../src/containers/counts.ts'

const facts = { ...factsOfId('web', 'docker'), restarts: 0, startedMs: 1000 }
const first = nextCounts(undefined, facts, 0)

describe('kills for want of memory', () => {
  test('are those that the control group counts, on top of what it counted before it was made anew', () => {
    const two = nextCounts(first, facts, 2)
    const anew = nextCounts(two, facts, 1)
    expect([first, two, anew].map(({ oomKills }) => oomKills)).toEqual([0, 2, 3])
  })

  test('that ended the container before anybody could look are taken from the runtime, once', () => {
    const ended = { ...facts, finishedMs: 5000, endedByOom: true }
    const once = nextCounts(first, ended, undefined)
    expect([once, nextCounts(once, ended, undefined)].map(({ oomKills }) => oomKills)).toEqual([1, 1])
    const restarted = nextCounts(once, { ...ended, startedMs: 6000 }, 0)
    expect(restarted.oomKills).toBe(1)
    expect(nextCounts(restarted, { ...ended, startedMs: 8000, finishedMs: 7000 }, 0).oomKills).toBe(2)
  })

  test('that the control group counted and that then ended the container count once', () => {
    const seen = nextCounts(first, facts, 1)
    expect(nextCounts(seen, { ...facts, finishedMs: 5000, endedByOom: true }, undefined).oomKills).toBe(1)
  })

  test('are not made up from how it ended before the first look', () => {
    const old = { ...facts, finishedMs: 500, endedByOom: true }
    expect(nextCounts(nextCounts(undefined, old, undefined), old, undefined).oomKills).toBe(0)
  })
})

describe('restarts', () => {
  const after = (previous: Counts, restarts: number, startedMs: number): Counts =>
    nextCounts(previous, { ...facts, restarts, startedMs }, 0)

  test('are those of the runtime, several between two looks too', () => {
    expect(after(first, 3, 9000).restarts).toBe(3)
  })

  test('that the runtime counts before it starts the container count once', () => {
    const waiting = after(first, 1, 1000)
    const running = after(waiting, 1, 9000)
    expect([waiting, running, after(running, 1, 9000)].map((each) => each.restarts)).toEqual([1, 1, 1])
    expect(after(running, 1, 12_000).restarts).toBe(2)
  })

  test('of a container that was first seen between two runs count once too', () => {
    const between = nextCounts(undefined, { ...facts, isRunning: false, restarts: 1 }, undefined)
    expect(after(between, 1, 9000).restarts).toBe(1)
    expect(after(between, 0, 9000).restarts).toBe(2)
  })

  test('count a start by hand, which sets the count of the runtime back', () => {
    const three = after(first, 3, 9000)
    expect(after(three, 0, 20_000).restarts).toBe(4)
    expect(after(after(three, 0, 20_000), 0, 20_000).restarts).toBe(4)
  })

  test('are not told where the runtime does not count them', () => {
    const { restarts: _, startedMs: __, ...named } = facts
    expect(nextCounts(nextCounts(undefined, named, 0), named, 0).restarts).toBeUndefined()
  })
})

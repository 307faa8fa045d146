import { expect, test } from 'vitest'
import { GroupReader } from '../../src/groups/group-reader.ts'
import type { Reading, Source } from '../../src/sources/source.ts'
import { keptLog } from '../kept-log.ts'
import { TurnedClock } from '../turned-clock.ts'

function open(read: Source['read'], everyMs = 1000) {
  const clock = new TurnedClock()
  const kept = keptLog()
  const published: { reading: Reading; intervalSeconds: number | null }[] = []
  const publish = (_group: string, reading: Reading, _epochMs: number, intervalSeconds: number | null): void => {
    published.push({ reading, intervalSeconds })
  }
  const reader = new GroupReader({ group: 'cpu', everyMs, source: { read, close: () => undefined }, clock, log: kept.log, publish })
  return { clock, lines: kept.lines, published, reader }
}

test('each look tells the interval that the clock measured; the first and one after sleep tell none', async () => {
  const { clock, published, reader } = open(() => ({ fields: {} }))
  for (const ms of [0, 1003, 3500, 1000]) {
    clock.turn(ms)
    await reader.look()
  }
  expect(published.map(({ intervalSeconds }) => intervalSeconds)).toEqual([null, 1.003, null, 1])
})

test('after a look that failed the interval reaches back to the last one that did not', async () => {
  let broken = false
  const { clock, lines, published, reader } = open(() => {
    if (broken) throw new Error('EIO')
    return { fields: {} }
  })
  await reader.look()
  broken = true
  clock.turn(1000)
  await reader.look()
  clock.turn(1000)
  await reader.look()
  broken = false
  clock.turn(500)
  await reader.look()
  expect(published.map(({ intervalSeconds }) => intervalSeconds)).toEqual([null, 2.5])
  expect(reader.stats).toMatchObject({ looks: 2, errors: 2 })
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['group cpu cannot be read', 'group cpu can be read again'])
})

test('a look that takes long is counted, and a tick that finds it under way is skipped', async () => {
  const { promise, resolve } = Promise.withResolvers<Reading>()
  const { clock, published, reader } = open(() => promise)
  const first = reader.look()
  clock.turn(1000)
  await reader.look()
  expect(reader.stats).toMatchObject({ skips: 1, looks: 0 })
  resolve({ fields: {} })
  await first
  expect(published).toHaveLength(1)
  expect(reader.stats).toMatchObject({ skips: 1, looks: 1, overBudget: 1, lastSeconds: 1 })
})

test('what a look finds after the collector stopped is not published', async () => {
  const { promise, resolve } = Promise.withResolvers<Reading>()
  const { published, reader } = open(() => promise)
  const look = reader.look()
  reader.close()
  resolve({ fields: {} })
  await look
  expect(published).toEqual([])
})

test('items over the cap are said once', async () => {
  const { lines, reader } = open(() => ({ items: [], overflow: 3 }))
  await reader.look()
  await reader.look()
  expect(reader.stats.overflow).toBe(3)
  expect(lines).toHaveLength(1)
})

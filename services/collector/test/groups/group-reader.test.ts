import { expect, test } from 'vitest'
import { GroupReader } from '../../src/groups/group-reader.ts'
import { unsupported, type Reading, type Source } from '../../src/sources/source.ts'
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

test('a group that holds up the process three times in a row is read less often, which is said once, and comes back', async () => {
  let costMs = 60
  const { clock, lines, published, reader } = open(() => {
    clock.turn(costMs)
    return { fields: {} }
  })
  const ticks = async (count: number): Promise<number> => {
    const before = published.length
    for (let tick = 0; tick < count; tick++) {
      clock.turn(1000 - costMs)
      await reader.look()
    }
    return published.length - before
  }
  expect(await ticks(3)).toBe(3)
  expect(reader.stats.stretch).toBe(2)
  expect(await ticks(6)).toBe(3)
  expect(reader.stats).toMatchObject({ stretch: 4, overBudget: 6, skips: 3 })
  costMs = 1
  expect(await ticks(12)).toBe(3)
  expect(await ticks(6)).toBe(3)
  expect(await ticks(4)).toBe(4)
  expect(reader.stats).not.toHaveProperty('stretch')
  // Looks that are further apart because of it are no sleep: their rates hold.
  expect(published.slice(1).every(({ intervalSeconds }) => intervalSeconds !== null)).toBe(true)
  expect(lines.map((line) => JSON.parse(line).message)).toEqual([
    'group cpu takes too long to read; it is read less often until it does not',
    'group cpu is read as often as the config says again',
  ])
})

test('a group that never answers is said to hang, once, and is not asked again', async () => {
  let asked = 0
  const { promise, resolve } = Promise.withResolvers<Reading>()
  const { clock, lines, reader } = open(() => {
    asked++
    return promise
  })
  const first = reader.look()
  for (let tick = 0; tick < 15; tick++) {
    clock.turn(1000)
    await reader.look()
  }
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['group cpu has not answered for 10 s; the others go on'])
  expect(asked).toBe(1)
  expect(reader.stats.skips).toBe(15)
  resolve({ fields: {} })
  await first
  expect(reader.stats.looks).toBe(1)
})

test('a group that the machine does not have is said once, with the reason, and is no error', async () => {
  const { lines, published, reader } = open(() => {
    throw unsupported('this kernel does not measure it')
  })
  await reader.look()
  await reader.look()
  expect(published).toEqual([])
  expect(reader.stats).toMatchObject({ looks: 0, errors: 0 })
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['group cpu is not to be had here: this kernel does not measure it'])
})

test('after the machine slept there is no interval, although the monotonic clock stood still meanwhile', async () => {
  const { clock, published, reader } = open(() => ({ fields: {} }))
  await reader.look()
  clock.turn(1000)
  await reader.look()
  clock.turn(500)
  clock.sleep(3_600_000)
  clock.turn(500)
  await reader.look()
  clock.turn(1000)
  await reader.look()
  expect(published.map(({ intervalSeconds }) => intervalSeconds)).toEqual([null, 1, null, 1])
})

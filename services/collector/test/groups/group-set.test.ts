import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { collectorConfigSchema, type CollectorConfig } from '../../src/config.ts'
import { GroupSet } from '../../src/groups/group-set.ts'
import { sourcesFor } from '../../src/sources/registry.ts'
import type { SourceRegistry } from '../../src/sources/source.ts'
import { fixturePath } from '../fixture.ts'
import { keptLog } from '../kept-log.ts'

const patience = { timeout: 10_000, interval: 20 }
const opened: GroupSet[] = []
afterEach(() => opened.splice(0).forEach((set) => set.stop()))

async function open(config: object) {
  const recorded = fixturePath('linux-6.18')
  const looks: { group: string; atMs: number }[] = []
  const { cpu, load, mem, fs, disk, net } = await sourcesFor('linux')
  const set = new GroupSet({
    registry: { cpu, load, mem, fs, disk, net } as SourceRegistry,
    host: { proc: `${recorded}/proc`, sys: `${recorded}/sys`, root: '/' },
    clock: systemClock,
    log: keptLog().log,
    publish: (group) => looks.push({ group, atMs: performance.now() }),
  })
  opened.push(set)
  await set.apply(parse(config))
  const count = (group: string): number => looks.filter((look) => look.group === group).length
  return { count, looks, set }
}

function parse(config: object): CollectorConfig {
  return collectorConfigSchema.parse(config)
}

test('every group is read on its cadence, and those of one cadence together', async () => {
  const { count, looks } = await open({ every: '250ms', groups: { disk: { every: '1s' }, net: { enabled: false } } })
  await vi.waitFor(() => expect(count('cpu')).toBeGreaterThanOrEqual(6), patience)
  expect(count('net')).toBe(0)
  expect(count('disk')).toBeLessThan(count('cpu'))
  const cpu = looks.filter(({ group }) => group === 'cpu').map(({ atMs }) => atMs)
  const mem = looks.filter(({ group }) => group === 'mem').map(({ atMs }) => atMs)
  expect(mem.slice(0, 5).every((atMs, index) => Math.abs(atMs - (cpu[index] ?? 0)) < 100)).toBe(true)
})

test('a reload keeps the reader of a group that did not change, whatever its cadence', async () => {
  const { count, set } = await open({ every: '1h' })
  await vi.waitFor(() => expect(count('fs')).toBe(1), patience)
  const before = set.readers
  await set.apply(parse({ every: '250ms', groups: { disk: { exclude: ['vd*'] }, load: { enabled: false } } }))
  await vi.waitFor(() => expect(count('cpu')).toBeGreaterThanOrEqual(3), patience)
  const kept = set.readers.filter((reader) => before.includes(reader)).map(({ group }) => group)
  expect(kept.toSorted()).toEqual(['cpu', 'fs', 'mem', 'net'])
  expect(set.readers.map(({ group }) => group).toSorted()).toEqual(['cpu', 'disk', 'fs', 'mem', 'net'])
})

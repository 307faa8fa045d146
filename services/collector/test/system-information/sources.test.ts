import { totalmem } from 'node:os'
import { expect, test } from 'vitest'
import { findGroup } from '@nightshift/shared/metrics/catalogue'
import { collectorConfigSchema, type GroupsConfig } from '../../src/config.ts'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { sourcesFor } from '../../src/sources/registry.ts'
import { sourceContext } from '../source-context.ts'
import type { CollectedGroup, Reading } from '../../src/sources/source.ts'

/** What macOS gets, run on whatever machine this is: systeminformation knows Linux too. */
async function lookTwice<G extends CollectedGroup>(group: G, options: Partial<GroupsConfig[G]> = {}): Promise<[Reading, Reading]> {
  const registry = await sourcesFor('darwin')
  const config: GroupsConfig = collectorConfigSchema.parse({ groups: { [group]: options } }).groups
  const definition = await registry[group]?.()
  if (definition === undefined) throw new Error(`no source of ${group}`)
  const source = definition.open(hostPaths({}), config[group], sourceContext())
  try {
    const first = await source.read(null)
    await new Promise((resolve) => setTimeout(resolve, 600))
    return [first, await source.read(0.6)]
  } finally {
    source.close()
  }
}

test.each(['cpu', 'load', 'mem', 'fs', 'disk', 'net'] as const)(
  'the group %s speaks the words of the catalogue, without rates at first',
  async (group) => {
    const [first, second] = await lookTwice(group)
    const entry = findGroup(group)
    expect(Object.keys(second.fields ?? {}).every((field) => entry?.fields[field] !== undefined)).toBe(true)
    const known = [...(entry?.items?.labels ?? []), ...Object.keys(entry?.items?.fields ?? {})]
    expect((second.items ?? []).flatMap((item) => Object.keys(item)).filter((key) => !known.includes(key))).toEqual([])
    for (const item of second.items ?? []) for (const name of entry?.items?.labels ?? []) expect(item[name]).toEqual(expect.any(String))
    const rates = (first.items ?? []).flatMap((item) => Object.entries(item).filter(([key]) => key.endsWith('_per_second')))
    expect(rates.every(([, value]) => value === null)).toBe(true)
    expect(Object.values(second.fields ?? {}).every((value) => value !== null && Number.isFinite(value))).toBe(true)
  },
)

test.each(['cpu_core', 'proc'] as const)('the group %s, as far as it can be had, speaks the words of the catalogue', async (group) => {
  const [, { fields = {}, items = [] }] = await lookTwice(group)
  const entry = findGroup(group)
  const known = [...Object.keys(entry?.fields ?? {}), ...(entry?.items?.labels ?? []), ...Object.keys(entry?.items?.fields ?? {})]
  expect([...Object.keys(fields), ...items.flatMap((item) => Object.keys(item))].filter((key) => !known.includes(key))).toEqual([])
  expect(group === 'proc' ? fields['count'] : items[0]?.['user_seconds_total']).toBeGreaterThan(0)
})

test('what needs the kernel of Linux is missing elsewhere, not empty', async () => {
  const registry = await sourcesFor('darwin')
  expect(['tcp', 'psi', 'vm', 'fd', 'temp'].filter((group) => group in registry)).toEqual([])
})

test('memory is that of the machine, and used is total minus available', async () => {
  const [{ fields }] = await lookTwice('mem')
  expect(fields?.['total_bytes']).toBeCloseTo(totalmem(), -7)
  expect(fields?.['used_bytes']).toBe((fields?.['total_bytes'] ?? 0) - (fields?.['available_bytes'] ?? 0))
})

test('what the config excludes is left out', async () => {
  const [, all] = await lookTwice('net', { exclude: [] })
  const [, some] = await lookTwice('net', { exclude: ['lo*'] })
  expect(all.items?.length).toBeGreaterThan(0)
  expect(some.items?.some((item) => String(item['nic']).startsWith('lo'))).toBe(false)
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { coreItem, cpuCoreSource, parseCores } from '../../src/sources/cpu-core.ts'
import { fixture } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'

test('the recorded processors have their seconds in each mode, and their share of the time between two looks', () => {
  const first = parseCores(Buffer.from(fixture('linux-6.18/proc/stat')))
  const later = parseCores(Buffer.from(fixture('linux-6.18/later/stat')))
  const item = coreItem('0', first.get('0'), later.get('0') ?? [], 100)
  expect(coreItem('0', undefined, first.get('0') ?? [], 100)).toMatchObject({
    core: '0',
    usage_ratio: null,
    user_seconds_total: 255.57,
    nice_seconds_total: 0.78,
    system_seconds_total: 275.19,
    idle_seconds_total: 2492.02,
    steal_seconds_total: 1.48,
  })
  expect(item['usage_ratio']).toBeGreaterThan(0)
  expect(Object.keys(item)).toEqual([...catalogue.cpu_core.items.labels, ...Object.keys(catalogue.cpu_core.items.fields)])
})

test('a processor that was taken off is gone, and one that came back with other times has no share at first', () => {
  expect([...parseCores(Buffer.from('cpu  9 9 9 9\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu3 1 1 1 1 1 1 1 1 0 0\nintr 1\n')).keys()]).toEqual([
    '0',
    '3',
  ])
  expect(coreItem('3', [100, 0, 100, 100], [5, 0, 100, 200], 100)['usage_ratio']).toBeNull()
  expect(coreItem('3', [100, 0, 100, 100, 9], [150, 0, 100, 150, 8], 100)['usage_ratio']).toBe(0.5)
})

test('processors over the bound of 128 are counted, not sent', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'nightshift-cores-'))
  onTestFinished(() => rmSync(proc, { recursive: true }))
  const lines = Array.from({ length: 130 }, (_, core) => `cpu${core} 1 1 1 1 1 1 1 1 0 0`)
  writeFileSync(join(proc, 'stat'), ['cpu  1 1 1 1 1 1 1 1 0 0', ...lines, 'intr 1', ''].join('\n'))
  const source = cpuCoreSource.open({ proc, sys: '/sys', root: '/' }, { enabled: true }, sourceContext())
  const reading = await source.read(1)
  source.close()
  expect(reading.items).toHaveLength(128)
  expect(reading.overflow).toBe(2)
})

test('any text gives shares between 0 and 1', () => {
  const line = fc
    .tuple(fc.nat(3), fc.array(fc.nat().map(String), { maxLength: 11 }))
    .map(([core, words]) => `cpu${core} ${words.join(' ')}`)
  const text = fc.array(fc.oneof(fc.string(), line)).map((lines) => Buffer.from(lines.join('\n')))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const known = parseCores(before)
      for (const [core, ticks] of parseCores(after)) {
        const usage = coreItem(core, known.get(core), ticks, 100)['usage_ratio']
        expect(usage === null || (Number(usage) >= 0 && Number(usage) <= 1)).toBe(true)
      }
    }),
  )
})

import { expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { activityCounters, pagingCounters, vmSource } from '../../src/sources/vm.ts'
import { fdFields } from '../../src/sources/fd.ts'
import { counterFields } from '../../src/sources/rates.ts'
import { fixture, fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'

test('the recorded host fills every field of the catalogue', async () => {
  const source = vmSource.open({ proc: fixturePath('linux-6.18/proc'), sys: '/sys', root: '/' }, { enabled: true }, sourceContext())
  const { fields } = await source.read(null)
  source.close()
  expect(Object.keys(fields ?? {}).toSorted()).toEqual(Object.keys(catalogue.vm.fields).toSorted())
  expect(fields?.['context_switches_total']).toBe(7_160_155)
  expect(fields?.['interrupts_total']).toBe(2_346_478)
})

test('two recorded looks give rates', () => {
  const [before, after] = ['proc', 'later'].map((look) => pagingCounters(fixture(`linux-6.18/${look}/vmstat`), 4096))
  const fields = counterFields(before, after ?? {}, 2)
  expect(fields['page_faults_per_second']).toBe(((after?.['page_faults'] ?? 0) - (before?.['page_faults'] ?? 0)) / 2)
  expect(fields['page_faults_per_second']).toBeGreaterThan(0)
})

test.each([
  ['linux-4.18', 10, 2],
  ['linux-5.15', 70, 0],
])('the hand-written /proc/vmstat of %s is understood: pages, KiB, and stalls of every zone', (kernel, stalls, kills) => {
  expect(pagingCounters(fixture(`hand-written/${kernel}/proc/vmstat`), 65_536)).toEqual({
    page_faults: 123_456,
    major_page_faults: 789,
    page_in_bytes: 1_024_000,
    page_out_bytes: 2_048_000,
    swap_in_bytes: 5 * 65_536,
    swap_out_bytes: 7 * 65_536,
    oom_kills: kills,
    direct_reclaims: stalls,
  })
})

test('what an older kernel does not count is absent, and a text that is none is refused', () => {
  const fields = counterFields(undefined, pagingCounters('pgfault 1\n', 4096), 1)
  expect(fields).toEqual({ page_faults_total: 1, page_faults_per_second: null })
  expect(() => pagingCounters('garbage', 4096)).toThrow(/page faults/)
  expect(activityCounters('')).toEqual({ context_switches: undefined, interrupts: undefined })
})

test('open files are a share of what the kernel allows', () => {
  expect(fdFields('640\t0\t2560\n')).toEqual({ allocated: 640, max: 2560, used_ratio: 0.25 })
  expect(fdFields('640\t0\t9223372036854775807\n')['used_ratio']).toBe(0)
  expect(() => fdFields('640')).toThrow(/three numbers/)
})

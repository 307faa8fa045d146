import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { memFields, parseMeminfo } from '../../src/sources/mem.ts'
import { fixture } from '../fixture.ts'
import { unlessRefused } from '../refused.ts'

test('used memory of the recorded host is total minus available, so the page cache does not count', () => {
  const text = fixture('linux-6.18/proc/meminfo')
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}: *(\\d+) kB$`, 'm').exec(text)?.[1])
  const fields = memFields(parseMeminfo(text))
  expect(fields['total_bytes']).toBe(kibibytes('MemTotal') * 1024)
  expect(fields['used_bytes']).toBe((kibibytes('MemTotal') - kibibytes('MemAvailable')) * 1024)
  expect(fields['swap_used_ratio']).toBe(0)
  expect(Object.keys(fields)).toEqual(Object.keys(catalogue.mem.fields))
})

test('a kernel without MemAvailable counts free, buffers and cache as available; swap has its share', () => {
  expect(memFields(parseMeminfo(fixture('hand-written/meminfo')))).toEqual({
    total_bytes: 1_024_000_000,
    available_bytes: 512_000_000,
    used_bytes: 512_000_000,
    used_ratio: 0.5,
    free_bytes: 204_800_000,
    buffers_bytes: 51_200_000,
    cached_bytes: 256_000_000,
    swap_total_bytes: 409_600_000,
    swap_used_bytes: 102_400_000,
    swap_used_ratio: 0.25,
  })
})

test('any text is memory in bounds or a ContractError', () => {
  const name = fc.constantFrom('MemTotal', 'MemAvailable', 'MemFree', 'SwapTotal', 'SwapFree', 'Other')
  const line = fc.oneof(
    fc.string(),
    fc.tuple(name, fc.oneof(fc.nat().map(String), fc.string())).map(([key, value]) => `${key}:   ${value} kB`),
  )
  fc.assert(
    fc.property(
      fc.array(line).map((lines) => lines.join('\n')),
      (text) => {
        const fields = unlessRefused(() => memFields(parseMeminfo(text))) ?? {}
        expect(Object.values(fields).every((value) => value === null || value >= 0)).toBe(true)
        expect(fields['used_ratio'] ?? 0).toBeLessThanOrEqual(1)
      },
    ),
  )
})

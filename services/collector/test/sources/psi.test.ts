import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { pressureFields, psiSource } from '../../src/sources/psi.ts'
import { fixture, fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'

const open = (proc: string) => psiSource.open({ proc: fixturePath(proc), sys: '/sys', root: '/' }, { enabled: true }, sourceContext())

test('the recorded host tells pressure on processors, memory and disks, and none of interrupts, which its kernel was not built to', async () => {
  const source = open('linux-6.18/proc')
  const { fields } = await source.read(null)
  source.close()
  const expected = Object.keys(catalogue.psi.fields).filter((name) => !name.startsWith('irq_'))
  expect(Object.keys(fields ?? {})).toEqual(expected)
  expect(fields?.['cpu_some_seconds_total']).toBeCloseTo(Number(/total=(\d+)/.exec(fixture('linux-6.18/proc/pressure/cpu'))?.[1]) / 1e6, 6)
})

test('per cent become shares and microseconds seconds; the share of the interval comes from the total', async () => {
  const source = open('hand-written/linux-5.15/proc')
  expect((await source.read(null)).fields).toMatchObject({
    cpu_some_avg10_ratio: 0.0153,
    cpu_some_seconds_total: 5.321,
    memory_full_avg10_ratio: 0.0625,
    io_some_avg10_ratio: 1,
    io_some_ratio: null,
  })
  expect((await source.read(2)).fields).toMatchObject({ io_some_ratio: 0 })
  source.close()
  const text = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n'
  const looks = { previous: { io_some: 1 }, totals: {}, intervalSeconds: 2 }
  expect(pressureFields('io_some', text, 'some', looks)).toMatchObject({ io_some_ratio: 0.25, io_some_seconds_total: 1.5 })
})

test('a file that may not be read gives nulls, and a kind that is not in it nothing', () => {
  const looks = { previous: {}, totals: {}, intervalSeconds: 1 }
  expect(pressureFields('io_full', null, 'full', looks)).toEqual({
    io_full_avg10_ratio: null,
    io_full_avg60_ratio: null,
    io_full_avg300_ratio: null,
    io_full_ratio: null,
    io_full_seconds_total: null,
  })
  expect(pressureFields('cpu_full', 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n', 'full', looks)).toEqual({})
})

test('a kernel without it, such as 4.18, is unsupported with the reason', () => {
  expect(() => open('hand-written/linux-4.18/proc').read(null)).toThrow(/does not measure pressure/)
})

test('any text gives shares between 0 and 1', () => {
  const number = fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }).map(String), fc.string())
  const line = fc.tuple(number, number).map(([average, total]) => `some avg10=${average} avg60=${average} avg300=${average} total=${total}`)
  fc.assert(
    fc.property(fc.oneof(fc.string(), line), (text) => {
      const fields = pressureFields('x', text, 'some', { previous: { x: 0 }, totals: {}, intervalSeconds: 1 })
      const ratios = Object.entries(fields).filter(([name]) => name.endsWith('_ratio'))
      expect(ratios.every(([, value]) => value === null || (value >= 0 && value <= 1))).toBe(true)
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { countCpuList, loadSource, parseLoadavg, uptimeFields } from '../../src/sources/load.ts'
import { fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'
import { unlessRefused } from '../refused.ts'

test('the recorded files give the averages, and the first one per processor', async () => {
  const recorded = fixturePath('linux-6.18')
  const source = loadSource.open({ proc: `${recorded}/proc`, sys: `${recorded}/sys`, root: '/' }, { enabled: true }, sourceContext())
  const { fields } = await source.read(1)
  source.close()
  expect(fields).toEqual({ load1: 1.47, load5: 1.49, load15: 1.1, load1_per_core: 0.735, uptime_seconds: expect.any(Number) })
  expect(Object.keys(fields ?? {})).toEqual(Object.keys(catalogue.load.fields))
})

test('a sandbox without the list of processors counts those that Node may use', async () => {
  const source = loadSource.open(
    { proc: fixturePath('linux-6.18/proc'), sys: '/does-not-exist', root: '/' },
    { enabled: true },
    sourceContext(),
  )
  expect((await source.read(1)).fields?.['load1_per_core']).toBeGreaterThan(0)
  source.close()
})

test.each([
  ['0', 1],
  ['0-1\n', 2],
  ['0-3,8', 5],
  ['0-3,8-11,64', 9],
  ['', undefined],
  ['3-1', undefined],
  ['0-x', undefined],
  ['0-999999', undefined],
])('the list of processors %j holds %s', (text, count) => {
  expect(countCpuList(text)).toBe(count)
})

test('uptime counts what the kernel counts; it is absent where there is no such file and null where it says nothing', () => {
  expect(uptimeFields('11634.25 10693.77\n')).toEqual({ uptime_seconds: 11_634.25 })
  expect(uptimeFields(undefined)).toEqual({})
  expect(uptimeFields('x')).toEqual({ uptime_seconds: null })
})

test('any text is three averages or a ContractError', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.double(), fc.double(), fc.double()).map((values) => `${values.join(' ')} 1/2 3`),
      ),
      (text) => {
        const averages = unlessRefused(() => parseLoadavg(text)) ?? []
        expect(averages.every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
      },
    ),
  )
})

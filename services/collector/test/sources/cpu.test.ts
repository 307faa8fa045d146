import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { cpuFields, cpuSource, parseStat, type CpuTimes } from '../../src/sources/cpu.ts'
import { fixture, fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'
import { unlessRefused } from '../refused.ts'

const first = parseStat(Buffer.from(fixture('linux-6.18/proc/stat')))
const later = parseStat(Buffer.from(fixture('linux-6.18/later/stat')))

describe('the recorded /proc/stat', () => {
  test('gives the times of each mode and the number of processors', () => {
    expect(first).toEqual({
      user: 49_952 + 133,
      system: 80_225 + 420,
      idle: 473_507,
      iowait: 1287,
      steal: 315,
      nice: 133,
      irq: 0,
      softirq: 420,
      guest: 0,
      cores: 2,
    })
  })

  test('gives shares of the time between two looks that add up to one', () => {
    const fields = cpuFields(first, later)
    const {
      usage_ratio: usage,
      user_ratio: user,
      system_ratio: system,
      iowait_ratio: iowait,
      steal_ratio: steal,
      idle_ratio: idle,
    } = fields
    expect((user ?? 0) + (system ?? 0) + (iowait ?? 0) + (steal ?? 0) + (idle ?? 0)).toBeCloseTo(1, 5)
    expect((usage ?? 0) + (idle ?? 0) + (iowait ?? 0)).toBeCloseTo(1, 5)
    expect(user).toBeCloseTo(10 / 199, 6)
  })

  test('fills every field of the catalogue and no other', () => {
    expect(Object.keys(cpuFields(first, later)).toSorted()).toEqual(Object.keys(catalogue.cpu.fields).toSorted())
  })
})

describe('shares', () => {
  const at = (times: Partial<CpuTimes>): CpuTimes => ({
    user: 1000,
    system: 1000,
    idle: 1000,
    iowait: 1000,
    steal: 1000,
    cores: 2,
    ...times,
  })

  test('are null on the first look', () => {
    expect(cpuFields(undefined, first)).toMatchObject({ usage_ratio: null, idle_ratio: null, cores: 2 })
  })

  test('are null when busy time went backwards', () => {
    expect(cpuFields(at({}), at({ user: 5, idle: 1100 }))).toMatchObject({ usage_ratio: null, user_ratio: null, steal_ratio: null })
  })

  test('are null when no time passed at all', () => {
    expect(cpuFields(at({}), at({}))['usage_ratio']).toBeNull()
  })

  test('survive iowait slipping back, as the kernel lets it', () => {
    expect(cpuFields(at({}), at({ iowait: 999, idle: 1075, user: 1025 }))).toMatchObject({
      iowait_ratio: 0,
      usage_ratio: 0.25,
      idle_ratio: 0.75,
    })
  })

  test('leave out what the system does not tell', () => {
    const { iowait: _iowait, steal: _steal, ...times } = at({})
    expect(Object.keys(cpuFields(times, { ...times, idle: 1100 }))).toEqual([
      'usage_ratio',
      'user_ratio',
      'system_ratio',
      'idle_ratio',
      'cores',
    ])
  })
})

test('guest time is not counted twice', () => {
  const stat = parseStat(Buffer.from('cpu  100 0 50 800 0 0 0 0 90 0\ncpu0 100 0 50 800 0 0 0 0 90 0\nintr 1\n'))
  expect(stat).toEqual({ user: 100, system: 50, idle: 800, iowait: 0, steal: 0, nice: 0, irq: 0, softirq: 0, guest: 90, cores: 1 })
})

test.each([
  ['linux-4.18', { user: 2289, system: 2873, iowait: 6290, irq: 127, softirq: 456, guest: 0, cores: 2 }],
  ['linux-5.15', { user: 4855, system: 1160, iowait: 520, irq: 10, softirq: 30, guest: 420, cores: 2 }],
])('the hand-written /proc/stat of %s is understood, however long its line of interrupts', (kernel, times) => {
  expect(parseStat(Buffer.from(fixture(`hand-written/${kernel}/proc/stat`)))).toMatchObject(times)
})

test('parts of a mode are shares of all time too, and belong to it', () => {
  const before: CpuTimes = { user: 0, system: 0, idle: 0, nice: 0, irq: 0, softirq: 0, guest: 0, cores: 1 }
  const after: CpuTimes = { user: 40, system: 40, idle: 20, nice: 10, irq: 5, softirq: 15, guest: 30, cores: 1 }
  expect(cpuFields(before, after)).toMatchObject({
    user_ratio: 0.4,
    nice_ratio: 0.1,
    guest_ratio: 0.3,
    irq_ratio: 0.05,
    softirq_ratio: 0.15,
  })
})

test('any text is either times that are numbers or a ContractError', () => {
  const line = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(fc.nat().map(String), fc.string()), { maxLength: 12 }).map((words) => `cpu  ${words.join(' ')}`),
  )
  fc.assert(
    fc.property(
      fc.array(line).map((lines) => lines.join('\n')),
      (text) => {
        const times = unlessRefused(() => parseStat(Buffer.from(text)))
        expect(Object.values({ ...times }).every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
      },
    ),
  )
})

test('shares of any two looks lie between 0 and 1', () => {
  const times = fc.record({ user: fc.nat(), system: fc.nat(), idle: fc.nat(), iowait: fc.nat(), steal: fc.nat(), cores: fc.nat() })
  fc.assert(
    fc.property(times, times, (before, after) => {
      const { cores: _cores, ...ratios } = cpuFields(before, after)
      expect(Object.values(ratios).every((value) => value === null || (value >= 0 && value <= 1))).toBe(true)
    }),
  )
})

test('the source compares with its last look, and with none when the machine slept', async () => {
  const source = cpuSource.open({ proc: fixturePath('linux-6.18/proc'), sys: '/sys', root: '/' }, { enabled: true }, sourceContext())
  expect((await source.read(null)).fields?.['cores']).toBe(2)
  expect((await source.read(1)).fields?.['usage_ratio']).toBeNull()
  source.close()
})

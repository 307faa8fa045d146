import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseNvidiaLine } from '../../src/gpu/nvidia-csv.ts'
import { fixture } from '../fixture.ts'

const parse = (name: string) =>
  fixture(name)
    .split('\n')
    .map((line) => parseNvidiaLine(line))

test('a line of nvidia-smi becomes an item in base units; what a card does not have is absent (hand-written)', () => {
  const [first, second] = parse('gpu/nvidia-two-cards.csv')
  expect(first).toEqual({
    index: '0',
    vendor: 'nvidia',
    name: 'NVIDIA A10',
    bus: '00000000:03:00.0',
    usage_ratio: 0.37,
    memory_total_bytes: 23028 * 1024 ** 2,
    memory_used_bytes: 20725 * 1024 ** 2,
    memory_used_ratio: 0.899991,
    temperature_celsius: 64,
    power_watts: 101.52,
    power_limit_watts: 150,
    clock_hertz: 1695e6,
    ecc_errors_total: 0,
  })
  expect(second).toMatchObject({ index: '1', fan_ratio: 0.3, usage_ratio: 0 })
  expect(second).not.toHaveProperty('ecc_errors_total')
})

test('what a card cannot tell now is null, and messages of the driver are no cards (hand-written)', () => {
  const [odd, ...messages] = parse('gpu/nvidia-odd.csv')
  expect(odd).toMatchObject({ memory_used_bytes: null, memory_used_ratio: null, clock_hertz: null, temperature_celsius: 25 })
  expect(odd).not.toHaveProperty('usage_ratio')
  expect(messages).toEqual(messages.map(() => undefined))
})

test('no line breaks it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.string(), { minLength: 12, maxLength: 12 }).map((all) => all.join(', ')),
      ),
      isItem,
    ),
  )
  function isItem(line: string): boolean {
    const item = parseNvidiaLine(line)
    return item === undefined || Object.values(item).every((value) => typeof value !== 'number' || Number.isFinite(value))
  }
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { netSource, nicItem, parseNetDev } from '../../src/sources/net.ts'
import { fixture, fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'

test('the recorded interfaces have the counters that the kernel printed', () => {
  const nics = parseNetDev(fixture('linux-6.18/proc/1/net/dev'))
  expect([...nics.keys()]).toEqual(['lo', 'ifb0', 'ifb1', 'eth0'])
  const columns = (/^ *eth0: *(.*)$/m.exec(fixture('linux-6.18/proc/1/net/dev'))?.[1] ?? '').split(/ +/).map(Number)
  expect(nics.get('eth0')).toMatchObject({
    receiveBytes: columns[0],
    receivePackets: columns[1],
    transmitBytes: columns[8],
    transmitPackets: columns[9],
  })
})

test('two recorded looks give rates over the measured interval', () => {
  const before = parseNetDev(fixture('linux-6.18/proc/1/net/dev')).get('eth0')
  const after = parseNetDev(fixture('linux-6.18/later/net-dev')).get('eth0')
  if (before === undefined || after === undefined) throw new Error('the fixture has no eth0')
  const item = nicItem('eth0', before, after, 0.5)
  expect(item['receive_bytes_per_second']).toBe((after.receiveBytes - before.receiveBytes) * 2)
  expect(Object.keys(item)).toEqual([...catalogue.net.items.labels, ...Object.keys(catalogue.net.items.fields)])
})

test('a name may touch its colon, and errors and drops land in their own fields', () => {
  expect(parseNetDev(fixture('hand-written/net-dev')).get('eth0')).toEqual({
    receiveBytes: 123_456,
    receivePackets: 7,
    receiveErrors: 1,
    receiveDrops: 2,
    transmitBytes: 654_321,
    transmitPackets: 8,
    transmitErrors: 3,
    transmitDrops: 4,
  })
})

test('an interface whose counters start again has null rates for one look', () => {
  const before = parseNetDev(fixture('hand-written/net-dev')).get('wg-home')
  if (before === undefined) throw new Error('the fixture has no wg-home')
  const item = nicItem('wg-home', before, { ...before, receiveBytes: 0, transmitBytes: 100 }, 1)
  expect(item).toMatchObject({ receive_bytes_total: 0, receive_bytes_per_second: null, transmit_bytes_per_second: null })
})

test('the interfaces of containers are left out by pattern', async () => {
  const source = netSource.open(
    { proc: fixturePath('linux-6.18/proc'), sys: '/sys', root: '/' },
    { enabled: true, exclude: ['ifb*'] },
    sourceContext(),
  )
  const { items } = await source.read(null)
  source.close()
  expect(items?.map((item) => item['nic'])).toEqual(['lo', 'eth0'])
})

test('any text gives counters that are numbers', () => {
  const line = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(fc.nat().map(String), fc.string({ maxLength: 3 })), { maxLength: 20 }).map((words) => `eth0: ${words.join(' ')}`),
  )
  fc.assert(
    fc.property(
      fc.array(line).map((lines) => lines.join('\n')),
      (text) => {
        const values = [...parseNetDev(text).values()].flatMap((counters) => Object.values({ ...counters }))
        expect(values.every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
      },
    ),
  )
})

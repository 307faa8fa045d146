import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
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
  expect(item['drops_per_second']).toBe(0)
  const fromLinks = ['up', 'speed_bytes_per_second']
  expect([...Object.keys(item), ...fromLinks]).toEqual([...catalogue.net.items.labels, ...Object.keys(catalogue.net.items.fields)])
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

test('an interface that goes away is gone from the next look on, and has no rates when it comes back', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'nightshift-net-'))
  onTestFinished(() => rmSync(proc, { recursive: true }))
  mkdirSync(join(proc, '1/net'), { recursive: true })
  const put = (...lines: string[]): void => writeFileSync(join(proc, '1/net/dev'), ['heading', ...lines, ''].join('\n'))
  const source = netSource.open({ proc, sys: '/does-not-exist', root: '/' }, { enabled: true, exclude: [] }, sourceContext())
  onTestFinished(() => source.close())
  const look = async (): Promise<unknown[]> => {
    const { items = [] } = await source.read(1)
    return items.map((item) => [item['nic'], item['receive_bytes_per_second']])
  }
  const numbers = (bytes: number): string => `${bytes} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0`
  put(`eth0: ${numbers(100)}`, `wlan0: ${numbers(100)}`)
  await look()
  put(`eth0: ${numbers(150)}`)
  expect(await look()).toEqual([['eth0', 50]])
  put(`eth0: ${numbers(150)}`, `wlan0: ${numbers(900)}`)
  expect(await look()).toEqual([
    ['eth0', 0],
    ['wlan0', null],
  ])
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

/** As in a container with a network of its own and the host's /proc: the interfaces are those of process 1 all the same. */
const program = `
const { netSource } = await import(process.env.NET_SOURCE)
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
const source = netSource.open({ proc: '/proc', sys: '/sys', root: '/' }, { enabled: true, exclude: [] }, { clock })
console.log(JSON.stringify(source.read(null).items.map((item) => item.nic)))
source.close()
`

const obstacle =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'only root of a Linux machine may leave its network'
    : spawnSync('unshare', ['--net', 'true']).status === 0
      ? ''
      : 'no network namespace of its own can be made'

test.skipIf(obstacle !== '')(
  `in a network of its own it reports the interfaces of the host${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    const env = { ...process.env, NET_SOURCE: new URL('../../src/sources/net.ts', import.meta.url).href }
    const { stdout } = await promisify(execFile)('unshare', ['--net', process.execPath, '--input-type=module', '--eval', program], { env })
    const source = netSource.open({ proc: '/proc', sys: '/sys', root: '/' }, { enabled: true, exclude: [] }, sourceContext())
    const { items } = await source.read(null)
    source.close()
    expect(JSON.parse(stdout)).toEqual(items?.map((item) => item['nic']))
    expect(items?.length).toBeGreaterThan(1)
  },
)

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { diskItem, diskSource, parseDiskstats } from '../../src/sources/disk.ts'
import { fixture, fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'

test('the recorded host has one disk: loop devices and zram are none', () => {
  const disks = parseDiskstats(fixture('linux-6.18/proc/diskstats'))
  expect([...disks.keys()]).toEqual(['vda'])
  expect(disks.get('vda')).toEqual({
    readBytes: 11_729_074 * 512,
    writtenBytes: 13_576_192 * 512,
    readOps: 169_693,
    writeOps: 25_988,
    ioSeconds: 23.916,
    readSeconds: expect.any(Number),
    writeSeconds: expect.any(Number),
  })
})

test('two recorded looks give rates over the measured interval', () => {
  const before = parseDiskstats(fixture('linux-6.18/proc/diskstats')).get('vda')
  const after = parseDiskstats(fixture('linux-6.18/later/diskstats')).get('vda')
  if (after === undefined) throw new Error('the fixture has no vda')
  const item = diskItem('vda', before, after, 2)
  expect(item).toMatchObject({
    read_ops_per_second: 5,
    write_ops_per_second: 0.5,
    read_bytes_per_second: (264 * 512) / 2,
    written_bytes_per_second: (8 * 512) / 2,
    io_time_ratio: 0.002,
  })
  expect(Object.keys(item)).toEqual([...catalogue.disk.items.labels, ...Object.keys(catalogue.disk.items.fields)])
})

test('a partition is left out where its disk is listed, and is a disk where it stands alone', () => {
  expect([...parseDiskstats(fixture('hand-written/diskstats')).keys()]).toEqual(['nvme0n1', 'sda', 'xvda1', 'md0', 'dm-0', 'mmcblk0'])
})

test('a counter that went backwards makes every rate of its device null for that look', () => {
  const counters = { readBytes: 100, writtenBytes: 100, readOps: 100, writeOps: 100, ioSeconds: 1, readSeconds: 1, writeSeconds: 1 }
  expect(diskItem('sda', counters, { ...counters, readOps: 1, writeOps: 200 }, 1)).toMatchObject({
    write_ops_total: 200,
    read_ops_per_second: null,
    write_ops_per_second: null,
    io_time_ratio: null,
  })
})

test('a busy disk is never busier than all the time', () => {
  const counters = { readBytes: 0, writtenBytes: 0, readOps: 0, writeOps: 0, ioSeconds: 0, readSeconds: 0, writeSeconds: 0 }
  expect(diskItem('sda', counters, { ...counters, ioSeconds: 1.1 }, 1)['io_time_ratio']).toBe(1)
})

test('a request takes as long as the mean of the interval, and nothing without a request', () => {
  const before = { readBytes: 0, writtenBytes: 0, readOps: 10, writeOps: 10, ioSeconds: 0, readSeconds: 1, writeSeconds: 1 }
  const item = diskItem('sda', before, { ...before, readOps: 14, readSeconds: 1.02 }, 2)
  expect(item).toMatchObject({ read_latency_seconds: 0.005, write_latency_seconds: null })
})

test.each(['linux-4.18', 'linux-5.15'])(
  'the hand-written diskstats of %s, which differ in their columns, give the same fields',
  (kernel) => {
    const disks = parseDiskstats(fixture(`hand-written/${kernel}/proc/diskstats`))
    expect([...disks.keys()]).toEqual(kernel === 'linux-4.18' ? ['sda', 'dm-0'] : ['nvme0n1'])
    const factor = kernel === 'linux-4.18' ? 1 : 10
    expect([...disks.values()][0]).toEqual({
      readBytes: 2000 * 512 * factor,
      writtenBytes: 4000 * 512 * factor,
      readOps: 100 * factor,
      writeOps: 200 * factor,
      ioSeconds: 0.5 * factor,
      readSeconds: 0.3 * factor,
      writeSeconds: 0.8 * factor,
    })
  },
)

test('a device that the config excludes is not sent', async () => {
  const source = diskSource.open(
    { proc: fixturePath('linux-6.18/proc'), sys: '/sys', root: '/' },
    { enabled: true, exclude: ['vd*'] },
    sourceContext(),
  )
  expect(await source.read(null)).toEqual({ items: [], overflow: 0 })
  source.close()
})

test('any text gives counters that are numbers', () => {
  const line = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(fc.nat().map(String), fc.string({ maxLength: 4 })), { maxLength: 20 }).map((words) => words.join(' ')),
  )
  fc.assert(
    fc.property(
      fc.array(line).map((lines) => lines.join('\n')),
      (text) => {
        const values = [...parseDiskstats(text).values()].flatMap((counters) => Object.values({ ...counters }))
        expect(values.every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
      },
    ),
  )
})

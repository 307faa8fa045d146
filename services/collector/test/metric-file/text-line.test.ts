import { expect, test } from 'vitest'
import { textLine, usageOf } from '../../src/metric-file/text-line.ts'
import { UsageLog } from '../../src/metric-file/usage-log.ts'

const time = '2025-10-21T09:00:00.000Z'

test('a line is as the users know it', () => {
  expect(textLine(time, { cpu: 0.93, mem: 0.8149, disk: 0.71 })).toBe('[2025-10-21T09:00:00.000Z] CPU:93% | MEM:81.5% | DISK:71%\n')
})

test('what is not known is a question mark, and nothing is 0 %', () => {
  expect(textLine(time, { cpu: null, mem: 0, disk: 1 })).toBe('[2025-10-21T09:00:00.000Z] CPU:? | MEM:0% | DISK:100%\n')
})

test('the disk is the one the system is on, else the fullest', () => {
  const items = [
    { mount: '/data', used_ratio: 0.9 },
    { mount: '/', used_ratio: 0.4 },
    { mount: '/gone', used_ratio: null },
  ]
  expect(usageOf({ group: 'fs', items })).toEqual({ disk: 0.4 })
  expect(usageOf({ group: 'fs', items: [items[0], items[2]] as typeof items })).toEqual({ disk: 0.9 })
  expect(usageOf({ group: 'fs', items: [] })).toEqual({ disk: null })
  expect(usageOf({ group: 'net', items: [] })).toEqual({})
})

test('a group that is no longer read is not known after a while', () => {
  const log = new UsageLog(1000)
  log.note({ group: 'cpu', fields: { usage_ratio: 0.5 } }, 0)
  log.note({ group: 'mem', fields: { used_ratio: 0.25 } }, 900)
  expect(log.at(1000)).toEqual({ cpu: 0.5, mem: 0.25, disk: null })
  expect(log.at(1001)).toEqual({ cpu: null, mem: 0.25, disk: null })
})

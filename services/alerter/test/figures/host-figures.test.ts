import { expect, test } from 'vitest'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import { HostFigureBook } from '../../src/figures/host-figures.ts'

const event = (group: string, rest: Partial<MetricEvent>): MetricEvent => ({
  v: 1,
  id: 'id',
  time: '2026-11-21T03:04:05.678Z',
  host: 'web-1',
  source: 'collector@web-1',
  correlation_id: 'id',
  group,
  ...rest,
})

test('of a host its processor, memory and fullest file system are known as soon as they were heard', () => {
  const book = new HostFigureBook()
  expect(book.of('web-1')).toBeNull()
  book.note('web-1', event('cpu', { fields: { usage_ratio: 0.93 } }))
  expect(book.of('web-1')).toEqual({ cpu_ratio: 0.93, memory_ratio: null, disk_ratio: null })
  book.note('web-1', event('mem', { fields: { used_ratio: 0.88 } }))
  book.note(
    'web-1',
    event('fs', {
      items: [
        { mount: '/', used_ratio: 0.71 },
        { mount: '/snap', used_ratio: 1, readonly: 1 },
        { mount: '/x', used_ratio: null },
      ],
    }),
  )
  book.note('web-1', event('load', { fields: { load1: 7 } }))
  expect(book.of('web-1')).toEqual({ cpu_ratio: 0.93, memory_ratio: 0.88, disk_ratio: 0.71 })
  book.forget('web-1')
  expect(book.of('web-1')).toBeNull()
})

import { expect, test } from 'vitest'
import { sourceContext } from '../source-context.ts'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { fsItem, fsSource } from '../../src/sources/fs.ts'

const mount = { mount: '/data', device: '/dev/sdb1', fstype: 'ext4', readonly: false }
const usage = { sizeBytes: 1000, freeBytes: 500, availableBytes: 450, inodes: 100, inodesFree: 90 }

test('a file system has its sizes, and the share that df prints', () => {
  const [item] = fsItem(mount, { kind: 'usage', usage })
  expect(item).toEqual({
    mount: '/data',
    device: '/dev/sdb1',
    fstype: 'ext4',
    size_bytes: 1000,
    used_bytes: 500,
    available_bytes: 450,
    used_ratio: 0.526316,
    inodes_used_ratio: 0.1,
    readonly: 0,
    stale: 0,
  })
  expect(Object.keys(item ?? {})).toEqual([...catalogue.fs.items.labels, ...Object.keys(catalogue.fs.items.fields)])
})

test('one that does not answer is stale, and one that refuses is not; both have null sizes', () => {
  expect(fsItem(mount, undefined)).toMatchObject([
    { mount: '/data', size_bytes: null, used_ratio: null, inodes_used_ratio: null, stale: 1 },
  ])
  expect(fsItem(mount, { kind: 'refused' })).toMatchObject([{ mount: '/data', size_bytes: null, used_ratio: null, stale: 0 }])
})

test('inodes are absent where the file system has none', () => {
  expect(fsItem(mount, { kind: 'usage', usage: { ...usage, inodes: 0, inodesFree: 0 } })[0]).not.toHaveProperty('inodes_used_ratio')
})

test('a file system without blocks is no storage', () => {
  expect(fsItem(mount, { kind: 'usage', usage: { ...usage, sizeBytes: 0 } })).toEqual([])
})

test.runIf(process.platform === 'linux')('the root of this machine has a size and a use between 0 and 1', async () => {
  const source = fsSource.open(
    { proc: '/proc', sys: '/sys', root: '/' },
    { enabled: true, network_mounts: false, exclude: [] },
    sourceContext(),
  )
  const { items } = await source.read(null)
  source.close()
  const root = items?.find((item) => item['mount'] === '/')
  expect(root?.['size_bytes']).toBeGreaterThan(0)
  expect(root?.['used_ratio']).toBeGreaterThan(0)
  expect(root?.['used_ratio']).toBeLessThanOrEqual(1)
})

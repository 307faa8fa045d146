import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { numberOf } from '../../src/cgroups/cgroup-file.ts'
import { openCgroupTree } from '../../src/cgroups/cgroup-tree.ts'
import { fixturePath } from '../fixture.ts'

const a = 'a'.repeat(64)

describe('the control groups of version 2 (hand-written)', () => {
  const tree = openCgroupTree(fixturePath('cgroup-v2/sys'))

  test('tell time, limits, memory without idle cache, kills, processes and bytes of all devices', () => {
    expect(tree?.version).toBe(2)
    expect(tree?.usage(`system.slice/docker-${a}.scope`)).toEqual({
      cpuSeconds: 12.345678,
      cpuLimitCores: 1.5,
      periods: 1000,
      throttledPeriods: 250,
      throttledSeconds: 9.5,
      memoryBytes: 104857600 - 20971520,
      memoryLimitBytes: 134217728,
      oomKills: 2,
      pids: 7,
      pidsLimit: 100,
      readBytes: 1459200 + 800,
      writtenBytes: 314773504 + 96,
    })
  })

  test('a limit that is not set is none, not a large one', () => {
    expect(tree?.usage('system.slice/nginx.service')).toMatchObject({
      cpuLimitCores: undefined,
      memoryLimitBytes: undefined,
      pidsLimit: undefined,
    })
  })

  test('a group that is gone tells nothing, and is no error', () => {
    expect(Object.values(tree?.usage('system.slice/gone.service') ?? {}).filter((value) => value !== undefined)).toEqual([])
  })
})

describe('the control groups of version 1', () => {
  test('tell the same, as this machine printed them for a container with limits', () => {
    const sys = fixturePath('cgroup-v1/sys')
    const [id] = readdirSync(`${sys}/fs/cgroup/memory/docker`)
    const tree = openCgroupTree(sys)
    expect(tree?.version).toBe(1)
    expect(tree?.usage(`docker/${id}`)).toEqual({
      cpuSeconds: 2.386535776,
      cpuLimitCores: 0.5,
      periods: 1884,
      throttledPeriods: 13,
      throttledSeconds: 0.611232395,
      memoryBytes: expect.any(Number),
      memoryLimitBytes: 64 * 1024 ** 2,
      oomKills: 1,
      pids: 2,
      pidsLimit: 50,
      // This kernel counts no bytes for groups without a limit of their own.
      readBytes: undefined,
      writtenBytes: undefined,
    })
    expect(tree?.usage(`docker/${id}`).memoryBytes).toBeLessThan(2842624)
  })

  test('where two controllers share a folder, nothing is limited, and an old kernel counts no kills (hand-written)', () => {
    const tree = openCgroupTree(fixturePath('cgroup-v1-joined/sys'))
    expect(tree?.usage(`docker/${a}`)).toMatchObject({
      cpuSeconds: 5,
      cpuLimitCores: undefined,
      memoryBytes: 6000000,
      memoryLimitBytes: undefined,
      oomKills: undefined,
      pids: undefined,
      readBytes: 5096,
      writtenBytes: 8216,
    })
  })
})

test('a host without control groups has no tree', () => {
  expect(openCgroupTree(fixturePath('linux-6.18/sys'))).toBeUndefined()
})

test('a number is found by its whole key, at the start and in the middle', () => {
  const text = 'anon 1\ninactive_file 22\nfile 3'
  expect(['anon', 'file', 'inactive_file', 'non', 'shmem'].map((key) => numberOf(text, key))).toEqual([1, 3, 22, undefined, undefined])
  expect(numberOf('anon many\n', 'anon')).toBeNull()
})

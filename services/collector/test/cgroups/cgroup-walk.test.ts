import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findContainerCgroups } from '../../src/cgroups/cgroup-walk.ts'
import { containerAt } from '../../src/cgroups/container-at.ts'
import { fixturePath } from '../fixture.ts'
import { temporaryFolder } from '../service-on-broker.ts'

const id = (digit: string): string => digit.repeat(64)

test('containers of every runtime are found once, where they are; helpers and what runs inside them are not (hand-written)', async () => {
  const { found, isCut } = await findContainerCgroups(fixturePath('cgroup-v2/sys/fs/cgroup'), { services: false })
  expect(isCut).toBe(false)
  expect(found.map((each) => `${each.runtime} ${each.id}`).toSorted()).toEqual([
    `containerd ${id('b')}`,
    `containerd ${id('c')}`,
    `cri-o ${id('e')}`,
    `docker ${id('a')}`,
    'lxc payroll',
    `podman ${id('d')}`,
  ])
})

test('services of systemd are found only when they are asked for, in slices of slices too', async () => {
  const { found } = await findContainerCgroups(fixturePath('cgroup-v2/sys/fs/cgroup'), { services: true })
  expect(found.filter(({ runtime }) => runtime === 'systemd').map((each) => each.id)).toEqual(
    expect.arrayContaining(['nginx.service', 'getty@tty1.service']),
  )
})

test('a tree that is deeper and wider than anything real ends the walk, and says so', async () => {
  const root = temporaryFolder()
  for (let index = 0; index < 60; index++) mkdirSync(join(root, `folder-${index}`))
  expect(await findContainerCgroups(root, { services: false }, 50)).toEqual({ found: [], isCut: true })
  expect(await findContainerCgroups(root, { services: false }, 60)).toEqual({ found: [], isCut: false })
  const deep = temporaryFolder()
  mkdirSync(join(deep, ...Array.from({ length: 30 }, () => 'x'), 'docker', id('a')), { recursive: true })
  expect(await findContainerCgroups(deep, { services: false })).toEqual({ found: [], isCut: false })
})

test('no path breaks the search for its container', () => {
  fc.assert(
    fc.property(fc.string(), (path) => {
      const answer = containerAt(path, true)
      expect(answer === undefined || answer === 'none' || answer.id.length > 0).toBe(true)
    }),
  )
})

import { afterEach, expect, test, vi } from 'vitest'
import { MountProbes, type Usage } from '../../src/sources/mount-probes.ts'

const usage: Usage = { sizeBytes: 100, freeBytes: 50, availableBytes: 40, inodes: 10, inodesFree: 5 }

afterEach(() => {
  vi.useRealTimers()
})

/** A statfs whose hanging mounts answer only when told to. */
function statfsWith(hanging: Set<string>) {
  const asked: string[] = []
  const release = new Map<string, () => void>()
  const statfs = async (path: string): Promise<Usage> => {
    asked.push(path)
    if (hanging.has(path)) await new Promise<void>((resolve) => release.set(path, resolve))
    return usage
  }
  return { asked, release, statfs }
}

test('every mount that answers is told', async () => {
  const { statfs } = statfsWith(new Set())
  const answers = await new MountProbes(statfs).ask(['/a', '/b', '/c', '/d', '/e'])
  expect([...answers.keys()].toSorted()).toEqual(['/a', '/b', '/c', '/d', '/e'])
})

test('a mount that hangs is stale, keeps no other waiting, and is asked again only after it answered', async () => {
  const { asked, release, statfs } = statfsWith(new Set(['/nfs']))
  const probes = new MountProbes(statfs)
  expect([...(await probes.ask(['/nfs', '/', '/home'])).keys()].toSorted()).toEqual(['/', '/home'])
  // From here on no time passes: it is not waited for again.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  expect([...(await probes.ask(['/nfs', '/', '/home'])).keys()].toSorted()).toEqual(['/', '/home'])
  expect(asked.filter((path) => path === '/nfs')).toHaveLength(1)
  vi.useRealTimers()
  release.get('/nfs')?.()
  await new Promise((resolve) => setImmediate(resolve))
  await probes.ask(['/nfs'])
  expect(asked.filter((path) => path === '/nfs')).toHaveLength(2)
})

test('two mounts that hang leave room for the others', async () => {
  const { statfs } = statfsWith(new Set(['/one', '/two']))
  const probes = new MountProbes(statfs)
  expect([...(await probes.ask(['/one', '/two', '/', '/home'])).keys()].toSorted()).toEqual(['/', '/home'])
  expect([...(await probes.ask(['/one', '/two', '/', '/home'])).keys()].toSorted()).toEqual(['/', '/home'])
})

test('so many hanging mounts that no thread would be left make all stale, at once and without a further question', async () => {
  const { asked, statfs } = statfsWith(new Set(['/1', '/2', '/3']))
  const probes = new MountProbes(statfs)
  await probes.ask(['/1', '/2', '/3', '/'])
  expect((await probes.ask(['/1', '/2', '/3', '/'])).size).toBe(0)
  expect(asked).toEqual(['/1', '/2', '/3'])
})

test('a mount that refuses is told apart from one that hangs', async () => {
  const probes = new MountProbes(() => Promise.reject(new Error('EACCES')))
  expect((await probes.ask(['/root-only'])).get('/root-only')).toEqual({ kind: 'refused' })
})

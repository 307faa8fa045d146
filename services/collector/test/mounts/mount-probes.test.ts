import { afterEach, expect, test, vi } from 'vitest'
import { MountProbes, type Question, type Usage } from '../../src/mounts/mount-probes.ts'

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

const local = (...paths: string[]): Question[] => paths.map((path) => ({ path }))
const remote = (server: string, ...paths: string[]): Question[] => paths.map((path) => ({ path, server }))
const answered = async (probes: MountProbes, questions: Question[]): Promise<string[]> =>
  [...(await probes.ask(questions)).keys()].toSorted()

test('every mount that answers is told', async () => {
  const { statfs } = statfsWith(new Set())
  expect(await answered(new MountProbes(statfs), local('/a', '/b', '/c', '/d', '/e'))).toEqual(['/a', '/b', '/c', '/d', '/e'])
})

test('a mount that hangs is stale, keeps no other waiting, and is asked again only after it answered', async () => {
  const { asked, release, statfs } = statfsWith(new Set(['/nfs']))
  const probes = new MountProbes(statfs)
  const questions = [...remote('nas', '/nfs'), ...local('/', '/home')]
  expect(await answered(probes, questions)).toEqual(['/', '/home'])
  // From here on no time passes: it is not waited for again.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  expect(await answered(probes, questions)).toEqual(['/', '/home'])
  expect(asked.filter((path) => path === '/nfs')).toHaveLength(1)
  vi.useRealTimers()
  release.get('/nfs')?.()
  await new Promise((resolve) => setImmediate(resolve))
  await probes.ask(remote('nas', '/nfs'))
  expect(asked.filter((path) => path === '/nfs')).toHaveLength(2)
})

test('however many mounts of other machines hang, two threads are the most they hold, and the disks of this one stay fresh', async () => {
  const hanging = ['/a', '/b', '/c', '/d', '/e']
  const { asked, statfs } = statfsWith(new Set(hanging))
  const probes = new MountProbes(statfs)
  const questions = [...hanging.flatMap((path) => remote(`server${path}`, path)), ...local('/', '/home', '/var')]
  for (let look = 0; look < 3; look++) expect(await answered(probes, questions)).toEqual(['/', '/home', '/var'])
  expect(asked.filter((path) => hanging.includes(path))).toEqual(['/a', '/b'])
})

test('while a mount of a server hangs its others are not asked, and those of another server are', async () => {
  const hanging = new Set(['/dead/1', '/dead/2', '/dead/3'])
  const { asked, release, statfs } = statfsWith(hanging)
  const probes = new MountProbes(statfs)
  const questions = [...remote('dead', ...hanging), ...remote('alive', '/alive/1', '/alive/2'), ...local('/')]
  for (let look = 0; look < 2; look++) expect(await answered(probes, questions)).toEqual(['/', '/alive/1', '/alive/2'])
  expect(asked.filter((path) => path.startsWith('/dead'))).toEqual(['/dead/1'])
  hanging.clear()
  release.get('/dead/1')?.()
  await new Promise((resolve) => setImmediate(resolve))
  expect(await answered(probes, questions)).toHaveLength(6)
})

test('two disks of this machine that hang leave room for the others', async () => {
  const { statfs } = statfsWith(new Set(['/one', '/two']))
  const probes = new MountProbes(statfs)
  for (let look = 0; look < 2; look++) expect(await answered(probes, local('/one', '/two', '/', '/home'))).toEqual(['/', '/home'])
})

test('so many hanging mounts that no thread would be left make all stale, at once and without a further question', async () => {
  const { asked, statfs } = statfsWith(new Set(['/1', '/2', '/3']))
  const probes = new MountProbes(statfs)
  await probes.ask(local('/1', '/2', '/3', '/'))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  expect(await answered(probes, local('/1', '/2', '/3', '/'))).toEqual([])
  expect(asked).toEqual(['/1', '/2', '/3'])
})

test('a mount that refuses is told apart from one that hangs', async () => {
  const probes = new MountProbes(() => Promise.reject(new Error('EACCES')))
  expect((await probes.ask(local('/root-only'))).get('/root-only')).toEqual({ kind: 'refused' })
})

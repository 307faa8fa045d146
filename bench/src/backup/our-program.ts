import { archive } from '@nightshift/backup/archive/archive'
import { LocalStore } from '@nightshift/backup/destinations/local-store'
import { Repository } from '@nightshift/backup/repository/repository'
import { restoreTree } from '@nightshift/backup/restore/tree/restore-tree'
import { listSnapshots } from '@nightshift/backup/snapshot/snapshot'
import { systemClock } from '@nightshift/shared/clock'

/** `node our-program.ts init|backup|unverified|restore REPOSITORY PATH`: what a run of a job does between its lock and its events. */
const [, , action, folder = '', path = ''] = process.argv
const password = process.env['RESTIC_PASSWORD'] ?? ''
const pageBytes = 16 * 1024
const store = new LocalStore(folder)
const signal = new AbortController().signal
const onProgress = (): void => {}

if (action === 'init') {
  await store.create()
  await Repository.create(store, { password, host: 'bench', username: 'bench', nowMs: Date.now() })
} else {
  const repository = await Repository.open(store, { password })
  await repository.loadIndex()
  const last = (await listSnapshots(repository)).at(-1)
  if (action === 'restore') {
    if (last === undefined) throw new Error('there is no snapshot to restore')
    const { problems } = await restoreTree(repository, last, { to: path, signal, onProgress })
    if (problems.length > 0) throw new Error(JSON.stringify(problems))
  } else {
    const database = { kind: 'fixed', sizeBytes: pageBytes } as const
    const chunkPolicyOf = (file: string) => (file.endsWith('.db') ? database : ({ kind: 'rabin' } as const))
    const folders = [{ path, exclude: [], oneFileSystem: false, replace: new Map<string, string>(), chunkPolicyOf }]
    const material = { paths: [path], folders, streams: [], finish: async () => ({}), close: async () => {} }
    await archive(repository, material, {
      hostname: 'bench',
      username: 'bench',
      tags: [],
      nowMs: Date.now(),
      clock: systemClock,
      verify: action !== 'unverified',
      signal,
      manifest: () => ({}),
      onProgress,
      ...(last === undefined ? {} : { parent: last }),
    })
  }
  await repository.close()
}

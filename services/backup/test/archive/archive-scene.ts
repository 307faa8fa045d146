import { Readable } from 'node:stream'
import { systemClock } from '@nightshift/shared/clock'
import { archive, type ArchiveOptions, type ArchiveResult } from '../../src/archive/archive.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { Repository } from '../../src/repository/repository.ts'
import { restoreTree, type RestoreOptions, type RestoreResult } from '../../src/restore/tree/restore-tree.ts'
import { listSnapshots, type Snapshot } from '../../src/snapshot/snapshot.ts'
import type { FolderMaterial, Material, StreamMaterial } from '../../src/sources/source.ts'
import { owner } from '../repository/new-repository.ts'
import { resticPassword } from '../snapshot/restic.ts'

/** A repository in a real folder, made when it is not there, and opened anew as a new process would. */
export async function openRepository(folder: string): Promise<Repository> {
  const store = new LocalStore(folder)
  await store.create()
  const isThere = (await store.sizeOf({ type: 'config', id: '' })) !== undefined
  const repository = isThere
    ? await Repository.open(store, { password: resticPassword })
    : await Repository.create(store, owner(resticPassword))
  await repository.loadIndex()
  return repository
}

export function folderMaterial(path: string, change: Partial<FolderMaterial> = {}): Material {
  return materialOf([{ path, exclude: [], oneFileSystem: false, replace: new Map(), ...change }], [])
}

export function streamMaterial(
  path: string,
  pieces: () => Iterable<Buffer> | AsyncIterable<Buffer>,
  change: Partial<StreamMaterial> = {},
): Material {
  const stream = { path, modifiedMs: 0, policy: { kind: 'small' } as const, open: async () => Readable.from(pieces()), ...change }
  return materialOf([], [stream])
}

function materialOf(folders: readonly FolderMaterial[], streams: readonly StreamMaterial[]): Material {
  return {
    paths: [...folders, ...streams].map(({ path }) => path),
    folders,
    streams,
    finish: async () => ({ counted: 1 }),
    close: async () => {},
  }
}

/** Archives on top of the last snapshot, as a job does. */
export async function backUp(repository: Repository, material: Material, change: Partial<ArchiveOptions> = {}): Promise<ArchiveResult> {
  const parent = (await listSnapshots(repository)).at(-1)
  return await archive(repository, material, {
    hostname: 'test-host',
    username: 'tester',
    tags: ['job=test'],
    nowMs: Date.now(),
    clock: systemClock,
    workers: 2,
    signal: new AbortController().signal,
    manifest: (facts) => ({ facts }),
    onProgress: () => {},
    ...(parent === undefined ? {} : { parent }),
    ...change,
  })
}

export async function restoreTo(
  repository: Repository,
  snapshot: Snapshot,
  to: string,
  change: Partial<RestoreOptions> = {},
): Promise<RestoreResult> {
  return await restoreTree(repository, snapshot, { to, workers: 2, signal: new AbortController().signal, onProgress: () => {}, ...change })
}

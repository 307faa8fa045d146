import { NightshiftError } from '@nightshift/shared/errors'
import { listIndexFiles, rewriteIndex } from '../prune/index-files.ts'
import { encodeIndex, maxIndexBlobs, type IndexedPack } from '../repository/index/index-file.ts'
import { packBytes, type PackedBlob } from '../repository/pack/pack-header.ts'
import { readPackHeader } from '../repository/pack/read-pack-header.ts'
import type { Repository } from '../repository/repository.ts'

export interface RebuiltIndex {
  /** Packs that were in no index, or differently. */
  readonly addedPacks: readonly string[]
  /** Packs that the index told of and that are not there: their blobs are stored again by the next backup that meets them. */
  readonly forgottenPacks: readonly string[]
  /** Index files that could not be read; what they told is in new ones, made from the packs. */
  readonly damagedIndexes: readonly string[]
  /** Packs whose header cannot be read, so that nobody knows what they hold. */
  readonly unreadablePacks: readonly string[]
}

/** Makes the index tell what the packs hold, as they are. Changes no pack. Under an exclusive lock. */
export async function rebuildIndex(repository: Repository, options: { dryRun: boolean; signal: AbortSignal }): Promise<RebuiltIndex> {
  const { signal } = options
  await repository.loadIndex(signal, () => undefined)
  const before = await listIndexFiles(repository, signal)
  const { index, store } = repository
  const gone = new Set(index.packs())
  const wrong = new Set<string>()
  const added: IndexedPack[] = []
  const unreadablePacks: string[] = []
  for await (const { id, sizeBytes } of store.list('data', signal)) {
    const isKnown = gone.delete(id)
    if (isKnown && packBytes(index.blobsOf(id)) === sizeBytes) continue
    if (isKnown) wrong.add(id)
    const blobs = await readHeader(repository, id, sizeBytes, signal)
    if (blobs === undefined) unreadablePacks.push(id)
    else added.push({ packId: id, blobs })
  }
  const rebuilt = {
    addedPacks: added.map(({ packId }) => packId),
    forgottenPacks: [...gone],
    damagedIndexes: before.damagedIds,
    unreadablePacks,
  }
  if (options.dryRun) return rebuilt
  await rewriteIndex(repository, before, { forgotten: new Set([...gone, ...wrong]), marks: before.marks }, signal)
  await writeIndexes(repository, added, signal)
  for (const id of before.damagedIds) await store.remove({ type: 'index', id }, signal)
  await repository.loadIndex(signal)
  return rebuilt
}

async function readHeader(
  repository: Repository,
  packId: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<PackedBlob[] | undefined> {
  try {
    return await readPackHeader(repository.store, repository.seal, packId, sizeBytes, signal)
  } catch (error) {
    if (error instanceof NightshiftError && (error.code === 'pack_damaged' || error.code === 'store_damaged')) return undefined
    throw error
  }
}

async function writeIndexes(repository: Repository, packs: readonly IndexedPack[], signal: AbortSignal): Promise<void> {
  let batch: IndexedPack[] = []
  let blobCount = 0
  for (const pack of packs) {
    if (batch.length > 0 && blobCount + pack.blobs.length > maxIndexBlobs) {
      await repository.writeJson('index', encodeIndex(batch), signal)
      batch = []
      blobCount = 0
    }
    batch.push(pack)
    blobCount += pack.blobs.length
  }
  if (batch.length > 0) await repository.writeJson('index', encodeIndex(batch), signal)
}

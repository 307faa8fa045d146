import { hash } from 'node:crypto'
import { NightshiftError } from '@nightshift/shared/errors'
import { isWhole } from '../check/read-packs.ts'
import { listIndexFiles, rewriteIndex } from '../prune/index-files.ts'
import { BlobWriter } from '../repository/blob-writer.ts'
import { openBlob } from '../repository/pack/open-blob.ts'
import type { Repository } from '../repository/repository.ts'

export interface Salvage {
  readonly salvagedBlobs: number
  readonly lostBlobs: number
}

/** Stores anew what damaged packs still hold whole, and then removes them. What is lost is in no index any more, so a new backup stores it. */
export async function salvagePacks(repository: Repository, packIds: readonly string[], signal: AbortSignal): Promise<Salvage> {
  let salvagedBlobs = 0
  let lostBlobs = 0
  const writer = new BlobWriter(repository)
  const removed = new Set<string>()
  for (const packId of packIds) {
    signal.throwIfAborted()
    const bytes = await readWhole(repository, packId, signal)
    // It was read wrongly before, by a cable or a memory that fails: what is whole now stays.
    if (bytes !== undefined && hash('sha256', bytes, 'hex') === packId) continue
    removed.add(packId)
    for (const blob of repository.index.blobsOf(packId)) {
      if (bytes === undefined || !isWhole(repository, bytes, blob)) {
        lostBlobs += 1
        continue
      }
      const sealed = bytes.subarray(blob.offset, blob.offset + blob.lengthBytes)
      await writer.save(blob.type, openBlob(repository.seal, sealed, blob.plainBytes), { force: true })
      salvagedBlobs += 1
    }
  }
  await writer.flush(signal)
  const before = await listIndexFiles(repository, signal)
  await rewriteIndex(repository, before, { forgotten: removed, marks: before.marks }, signal)
  for (const id of removed) await repository.store.remove({ type: 'data', id }, signal)
  await repository.loadIndex(signal)
  return { salvagedBlobs, lostBlobs }
}

async function readWhole(repository: Repository, packId: string, signal: AbortSignal): Promise<Buffer | undefined> {
  try {
    return await repository.store.read({ type: 'data', id: packId }, { signal })
  } catch (error) {
    if (error instanceof NightshiftError && (error.code === 'store_missing_file' || error.code === 'store_damaged')) return undefined
    throw error
  }
}

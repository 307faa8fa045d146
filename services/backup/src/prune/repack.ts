import { EffectError } from '@nightshift/shared/errors'
import { blobIdOf, type BlobType } from '../repository/blob.ts'
import { BlobWriter } from '../repository/blob-writer.ts'
import { openBlob } from '../repository/pack/open-blob.ts'
import type { PackedBlob } from '../repository/pack/pack-header.ts'
import type { Repository } from '../repository/repository.ts'
import type { Seal } from '../repository/seal.ts'
import type { PrunePlan } from './plan.ts'

/** Stores the used blobs of the chosen packs anew, packs and index durable when it ends. Every blob is opened and hashed on the way. */
export async function repackBlobs(
  repository: Repository,
  plan: Pick<PrunePlan, 'repack' | 'ownerOf'>,
  isUsed: (type: BlobType, id: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  if (plan.repack.length === 0) return
  const writer = new BlobWriter(repository)
  for (const packId of plan.repack) {
    signal.throwIfAborted()
    const pack = await repository.store.read({ type: 'data', id: packId }, { signal })
    const stored = new Set<string>()
    for (const blob of repository.index.blobsOf(packId)) {
      const { type, id } = blob
      if (!isUsed(type, id) || (plan.ownerOf(type, id) ?? packId) !== packId || stored.has(id)) continue
      stored.add(id)
      await writer.save(type, openFrom(pack, packId, blob, repository.seal), { force: true })
    }
  }
  await writer.flush(signal)
}

function openFrom(pack: Buffer, packId: string, blob: PackedBlob, seal: Seal): Buffer {
  let cause: unknown
  try {
    const plain = openBlob(seal, pack.subarray(blob.offset, blob.offset + blob.lengthBytes), blob.plainBytes)
    if (blobIdOf(plain) === blob.id) return plain
  } catch (error) {
    cause = error
  }
  throw new EffectError(
    'blob_damaged',
    `the blob ${blob.id} in the pack ${packId} is damaged, so nothing was removed; run nightshift backup check --read-data, then backup repair`,
    { severity: 'high', cause },
  )
}

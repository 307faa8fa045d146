import { EffectError } from '@nightshift/shared/errors'
import type { BlobId, BlobType } from '../repository/blob.ts'
import type { Repository } from '../repository/repository.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { decodeTree } from '../snapshot/tree.ts'

/** What V0 looked at. */
export interface QuickVerified {
  /** Files and folders whose data is in the index and in packs of the right size. */
  readonly items: number
  readonly packs: number
  readonly bytesRead: number
}

interface Bounds {
  /** Folders that are read; beyond it the rest is left to the rolling verification. */
  readonly maxTrees?: number
  readonly sampleBlobs?: number
  readonly maxSampleBytes?: number
}

const defaults = { maxTrees: 2000, sampleBlobs: 12, maxSampleBytes: 32 * 1024 * 1024 }

/**
 * V0, after each run: the snapshot is read back, every blob that its folders name is in the index, every pack that holds one lies in the store
 * with a size that reaches over it, and a sample is read and compared with its hash. Throws EffectError `verify_failed`. Nothing checked is a
 * failure. `random` gives numbers from 0 to 1.
 */
export async function quickVerify(
  repository: Repository,
  snapshot: Snapshot,
  options: { signal: AbortSignal; random: () => number } & Bounds,
): Promise<QuickVerified> {
  const { signal, random } = options
  const { maxTrees, sampleBlobs, maxSampleBytes } = { ...defaults, ...options }
  await repository.readJson('snapshot', snapshot.id, signal)
  const ends = new Map<string, number>()
  const sample: { type: BlobType; id: BlobId; bytes: number }[] = []
  let seen = 0
  const note = (type: BlobType, id: BlobId): void => {
    const place = repository.index.find(type, id)
    if (place === undefined) throw failed(repository, `the ${type} ${id} is not in the index`)
    ends.set(place.packId, Math.max(ends.get(place.packId) ?? 0, place.offset + place.lengthBytes))
    seen++
    const entry = { type, id, bytes: place.lengthBytes }
    if (sample.length < sampleBlobs) sample.push(entry)
    else {
      const at = Math.floor(random() * seen)
      if (at < sampleBlobs) sample[at] = entry
    }
  }
  let items = 0
  const known = new Set<BlobId>([snapshot.tree])
  const trees: BlobId[] = [snapshot.tree]
  note('tree', snapshot.tree)
  for (let read = 0; read < Math.min(trees.length, maxTrees); read++) {
    for (const node of decodeTree(await repository.readBlob('tree', trees[read] ?? '', signal))) {
      items++
      for (const id of node.content ?? []) note('data', id)
      if (node.subtree === undefined || known.has(node.subtree)) continue
      known.add(node.subtree)
      note('tree', node.subtree)
      trees.push(node.subtree)
    }
  }
  if (items === 0) throw failed(repository, 'there is nothing in the snapshot')
  await checkSizes(repository, ends, signal)
  let bytesRead = 0
  for (const { type, id, bytes } of sample) {
    if (bytesRead + bytes > maxSampleBytes && bytesRead > 0) continue
    await repository.readBlob(type, id, signal)
    bytesRead += bytes
  }
  return { items, packs: ends.size, bytesRead }
}

async function checkSizes(repository: Repository, ends: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
  const missing = new Map(ends)
  for await (const { id, sizeBytes } of repository.store.list('data', signal)) {
    const end = missing.get(id)
    if (end === undefined) continue
    if (sizeBytes < end) throw failed(repository, `the pack ${id} has ${sizeBytes} bytes and needs at least ${end}`)
    missing.delete(id)
  }
  const [first] = missing.keys()
  if (first !== undefined) throw failed(repository, `the pack ${first} is not there`)
}

function failed(repository: Repository, what: string): EffectError {
  const message = `${repository.store.description}: what was just stored is not whole: ${what}; run nightshift backup check, then the job again`
  return new EffectError('verify_failed', message, { severity: 'high' })
}

import { ConflictError, NightshiftError } from '@nightshift/shared/errors'
import { blobIdOf, type BlobId, type BlobType } from '../repository/blob.ts'
import { BlobWriter } from '../repository/blob-writer.ts'
import { openBlob } from '../repository/pack/open-blob.ts'
import type { Repository } from '../repository/repository.ts'
import { IdSet } from '../snapshot/id-set.ts'
import { decodeSnapshot } from '../snapshot/snapshot-document.ts'
import { listSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { walkTrees } from '../snapshot/walk-trees.ts'

export interface CopyOptions {
  readonly signal: AbortSignal
  onProgress?(progress: { readonly doneBytes: number; readonly totalBytes: number | null }): void
}

export interface CopyResult {
  readonly snapshot: Snapshot
  /** False: it was there already. */
  readonly isNew: boolean
  /** Bytes that the destination has grown by. */
  readonly addedBytes: number
}

/** So much between two wanted blobs of a pack is read along rather than asked for separately. */
const maxGapBytes = 256 * 1024
/** At most so much is read at once, from what lies together. */
const maxReadBytes = 16 * 1024 * 1024

/**
 * Brings a snapshot into another repository, with all that it needs. What is there already is not sent again: a copy that was cut off goes
 * on, one that is done changes nothing. Hold a shared lock on both, and have both indexes loaded.
 */
export async function copySnapshot(from: Repository, to: Repository, snapshot: Snapshot, options: CopyOptions): Promise<CopyResult> {
  const { signal } = options
  if (from.id === to.id) {
    throw new ConflictError(
      'same_repository',
      `${from.store.description} and ${to.store.description} are one repository; a copy in it is none`,
    )
  }
  const present = await findCopy(to, snapshot, signal)
  if (present !== undefined) return { snapshot: present, isNew: false, addedBytes: 0 }
  const writer = new BlobWriter(to, { signal })
  await copyBlobs(from, to, writer, snapshot, options)
  await writer.flush(signal)
  const document = { ...snapshot.document, original: snapshot.original ?? snapshot.id }
  // The parent's id is that of another repository.
  if ('parent' in document) delete document.parent
  const id = await to.writeJson('snapshot', document, signal)
  return { snapshot: decodeSnapshot(id, document), isNew: true, addedBytes: writer.addedBytes }
}

/** The snapshot as it lies in the other repository: the same tree, and the same origin. */
async function findCopy(to: Repository, snapshot: Snapshot, signal: AbortSignal): Promise<Snapshot | undefined> {
  const origin = snapshot.original ?? snapshot.id
  const others = await listSnapshots(to, {}, signal)
  return others.find((other) => (other.original ?? other.id) === origin && other.tree === snapshot.tree && other.timeMs === snapshot.timeMs)
}

interface WantedBlob {
  readonly type: BlobType
  readonly id: BlobId
  readonly offset: number
  readonly lengthBytes: number
  readonly plainBytes: number | null
}

interface WantedRange {
  readonly packId: string
  readonly blobs: WantedBlob[]
}

/** So many blobs are looked for before they are fetched: sorted by where they lie, they cost few reads. */
const batchBlobs = 50_000

async function copyBlobs(from: Repository, to: Repository, writer: BlobWriter, snapshot: Snapshot, options: CopyOptions): Promise<void> {
  const { signal } = options
  const seen = { data: new IdSet(), tree: new IdSet() }
  let batch: ({ packId: string } & WantedBlob)[] = []
  let doneBytes = 0
  const want = (type: BlobType, id: BlobId): void => {
    if (to.index.has(type, id)) return
    // What is in no index is left to the read: it says what is missing and what to do.
    const { packId = '', offset = 0, lengthBytes = 0, plainBytes = null } = from.index.find(type, id) ?? {}
    batch.push({ packId, type, id, offset, lengthBytes, plainBytes })
  }
  const copyBatch = async (isLast: boolean): Promise<void> => {
    const totalBytes = isLast ? doneBytes + batch.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0) : null
    const packs = Map.groupBy(batch, ({ packId }) => packId)
    batch = []
    for (const range of [...packs].flatMap(([packId, blobs]) => splitRanges(packId, blobs))) {
      await copyRange(from, writer, range, signal)
      doneBytes += range.blobs.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
      options.onProgress?.({ doneBytes, totalBytes })
    }
  }
  await walkTrees(from, snapshot.tree, {
    seen: seen.tree,
    signal,
    async onTree(id, nodes) {
      want('tree', id)
      for (const { content = [] } of nodes) for (const blobId of content) if (seen.data.add(blobId)) want('data', blobId)
      if (batch.length >= batchBlobs) await copyBatch(false)
    },
  })
  await copyBatch(true)
}

function splitRanges(packId: string, blobs: readonly WantedBlob[]): WantedRange[] {
  const ranges: WantedRange[] = []
  for (const blob of blobs.toSorted((one, other) => one.offset - other.offset)) {
    const range = ranges.at(-1)
    const [first, last] = [range?.blobs[0], range?.blobs.at(-1)]
    const isNear =
      first !== undefined &&
      last !== undefined &&
      blob.offset - (last.offset + last.lengthBytes) <= maxGapBytes &&
      blob.offset + blob.lengthBytes - first.offset <= maxReadBytes
    if (isNear) range?.blobs.push(blob)
    else ranges.push({ packId, blobs: [blob] })
  }
  return ranges
}

async function copyRange(from: Repository, writer: BlobWriter, { packId, blobs }: WantedRange, signal: AbortSignal): Promise<void> {
  const [first, last] = [blobs[0], blobs.at(-1)]
  if (first === undefined || last === undefined) return
  const bytes = await readRange(from, packId, first.offset, last.offset + last.lengthBytes - first.offset, signal)
  for (const blob of blobs) {
    const start = blob.offset - first.offset
    await writer.save(blob.type, await openOrRead(from, bytes.subarray(start, start + blob.lengthBytes), blob, signal))
  }
}

/** Nothing where the pack is gone or cut short: then each blob is asked for alone, and the one that is lost is named. */
async function readRange(from: Repository, packId: string, offset: number, lengthBytes: number, signal: AbortSignal): Promise<Buffer> {
  if (packId === '') return Buffer.alloc(0)
  try {
    return await from.store.read({ type: 'data', id: packId }, { offset, lengthBytes, signal })
  } catch (error) {
    if (error instanceof NightshiftError && (error.code === 'store_missing_file' || error.code === 'store_damaged')) return Buffer.alloc(0)
    throw error
  }
}

/** A blob that is damaged here may lie whole elsewhere, or is told with all that is known about it. */
async function openOrRead(from: Repository, sealed: Buffer, blob: WantedBlob, signal: AbortSignal): Promise<Buffer> {
  try {
    const plain = openBlob(from.seal, sealed, blob.plainBytes)
    if (blobIdOf(plain) === blob.id) return plain
  } catch {
    signal.throwIfAborted()
  }
  return from.readBlob(blob.type, blob.id, signal)
}

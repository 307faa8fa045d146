import { describeError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import type { BlobId, BlobType } from '../repository/blob.ts'
import { packBytes } from '../repository/pack/pack-header.ts'
import type { Repository } from '../repository/repository.ts'
import { decodeSnapshot } from '../snapshot/snapshot-document.ts'
import type { TreeNode } from '../snapshot/node.ts'
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
  readonly sampleBlobs?: number
  readonly maxSampleBytes?: number
}

interface Folder {
  readonly tree: BlobId
  /** The same folder in the parent. */
  readonly before: BlobId | undefined
}

const defaults = { sampleBlobs: 12, maxSampleBytes: 32 * 1024 * 1024 }
/** Enough to hide the way to a store that is far. */
const parallelReads = 8

/**
 * V0, after each run: the snapshot and the index are read back, every folder of it is read, every blob that the folders name is in the index,
 * every pack that holds one lies in the store with the size it was written with, and a sample is read and compared with its hash. Folders that
 * are those of the parent were read after the run that made them. Throws EffectError `verify_failed`. Nothing checked is a failure. `random`
 * gives numbers from 0 to 1.
 */
export async function quickVerify(
  repository: Repository,
  snapshot: Snapshot,
  options: { signal: AbortSignal; random: () => number } & Bounds,
): Promise<QuickVerified> {
  const { signal, random } = options
  const { sampleBlobs, maxSampleBytes } = { ...defaults, ...options }
  await readable(repository, 'the snapshot', async () => await repository.readJson('snapshot', snapshot.id, signal))
  await readable(repository, 'the index', async () => await repository.loadIndex(signal))
  const packs = new Set<string>()
  const sample: { type: BlobType; id: BlobId; bytes: number }[] = []
  let seen = 0
  const note = (type: BlobType, id: BlobId): void => {
    const place = repository.index.find(type, id)
    if (place === undefined) throw failed(repository, `the ${type} ${id} is not in the index`)
    packs.add(place.packId)
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
  const pending: Folder[] = [{ tree: snapshot.tree, before: await parentTree(repository, snapshot, signal) }]
  note('tree', snapshot.tree)
  while (pending.length > 0) {
    // From the end: depth first keeps the list short.
    const batch = pending.splice(-parallelReads).map(async (folder) => await readFolder(repository, folder, signal))
    for (const { nodes, before } of await Promise.all(batch)) {
      for (const node of nodes) {
        items++
        for (const id of node.content ?? []) note('data', id)
        if (node.subtree === undefined || known.has(node.subtree)) continue
        known.add(node.subtree)
        note('tree', node.subtree)
        const old = before.get(node.name.toString('latin1'))
        if (old !== node.subtree) pending.push({ tree: node.subtree, before: old })
      }
    }
  }
  if (items === 0) throw failed(repository, 'there is nothing in the snapshot')
  await checkSizes(repository, packs, signal)
  let bytesRead = 0
  for (const { type, id, bytes } of sample) {
    if (bytesRead + bytes > maxSampleBytes && bytesRead > 0) continue
    await readable(repository, `a ${type} blob`, async () => await repository.readBlob(type, id, signal))
    bytesRead += bytes
  }
  return { items, packs: packs.size, bytesRead }
}

async function readFolder(
  repository: Repository,
  { tree, before }: Folder,
  signal: AbortSignal,
): Promise<{ nodes: readonly TreeNode[]; before: ReadonlyMap<string, BlobId> }> {
  const nodes = await readable(repository, `the folder ${tree}`, async () => decodeTree(await repository.readBlob('tree', tree, signal)))
  return { nodes, before: await subtreesOf(repository, before, signal) }
}

/** By name. What the parent had cannot be told when it cannot be read; then all is looked at. */
async function subtreesOf(repository: Repository, tree: BlobId | undefined, signal: AbortSignal): Promise<Map<string, BlobId>> {
  if (tree === undefined) return new Map()
  try {
    const nodes = decodeTree(await repository.readBlob('tree', tree, signal))
    return new Map(nodes.flatMap(({ name, subtree }) => (subtree === undefined ? [] : [[name.toString('latin1'), subtree]])))
  } catch {
    signal.throwIfAborted()
    return new Map()
  }
}

async function parentTree(repository: Repository, { parent }: Snapshot, signal: AbortSignal): Promise<BlobId | undefined> {
  if (parent === undefined) return undefined
  try {
    return decodeSnapshot(parent, await repository.readJson('snapshot', parent, signal)).tree
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function checkSizes(repository: Repository, packs: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  const missing = new Set(packs)
  for await (const { id, sizeBytes } of repository.store.list('data', signal)) {
    if (!missing.delete(id)) continue
    const wantedBytes = packBytes(repository.index.blobsOf(id))
    if (sizeBytes !== wantedBytes) throw failed(repository, `the pack ${id} has ${sizeBytes} bytes where ${wantedBytes} were written`)
  }
  const [first] = missing
  if (first !== undefined) throw failed(repository, `the pack ${first} is not there`)
}

/** A store that is away for a moment says nothing about what it holds. */
async function readable<T>(repository: Repository, what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof NightshiftError) || error.transient) throw error
    throw failed(repository, `${what} cannot be read: ${describeError(error)}`)
  }
}

function failed(repository: Repository, what: string): EffectError {
  const message = `${repository.store.description}: what was just stored is not whole: ${what}; run nightshift backup check, then the job again`
  return new EffectError('verify_failed', message, { severity: 'high' })
}

import type { BlobType } from '../repository/blob.ts'
import type { IndexedPack } from '../repository/index/index-file.ts'
import { IdSet } from '../snapshot/id-set.ts'
import type { Marks } from './marks.ts'

export interface PruneFacts {
  /** What the index tells, pack by pack; may be walked several times. */
  readonly indexed: Iterable<IndexedPack>
  /** The pack files that are there, with their sizes. */
  readonly files: ReadonlyMap<string, number>
  readonly isUsed: (type: BlobType, id: string) => boolean
  readonly marks: Marks
  readonly nowMs: number
}

export interface PrunePolicy {
  /** A pack that nothing refers to stays for so long before it is removed. */
  readonly graceMs: number
  /** What may lie unused in packs that are partly used, as a share of all. */
  readonly maxUnused: number
  /** Packs below this size are joined, once they fill a pack together. */
  readonly smallPackBytes: number
  readonly fullPackBytes: number
}

export interface PrunePlan {
  /** Out of the index, and their files removed: marked for longer than the grace, and still unused. */
  readonly remove: readonly string[]
  /** Their used blobs are stored anew; the packs leave the index, and are marked. */
  readonly repack: readonly string[]
  /** Out of the index: `remove`, `repack`, and packs whose files are gone. */
  readonly forget: ReadonlySet<string>
  /** All that is unreferenced after this, with the time since when; with `remove`, which may be cut off half way. */
  readonly marks: Marks
  /** In which pack a blob that lies in several counts as used: there it is taken from when the pack is repacked. */
  readonly ownerOf: (type: BlobType, id: string) => string | undefined
  readonly figures: PruneFigures
}

export interface PruneFigures {
  readonly usedBlobs: number
  readonly usedBytes: number
  /** In packs that stay. */
  readonly unusedBytes: number
  readonly removedPacks: number
  readonly removedBytes: number
  readonly markedPacks: number
  readonly markedBytes: number
  readonly repackedPacks: number
  readonly repackedBytes: number
  /** When the first of the marked packs may be removed; null when none waits. */
  readonly nextRemovalMs: number | null
}

interface PackUse {
  readonly packId: string
  readonly type: BlobType
  readonly sizeBytes: number
  usedBlobs: number
  usedBytes: number
  unusedBytes: number
}

export function planPrune(facts: PruneFacts, policy: PrunePolicy): PrunePlan {
  const owners = ownersOfDoubles(facts)
  const ownerOf = (type: BlobType, id: string): string | undefined => owners.get(`${type} ${id}`)
  const packs: PackUse[] = []
  const forget = new Set<string>()
  const indexed = new Set<string>()
  for (const pack of facts.indexed) {
    indexed.add(pack.packId)
    if (facts.files.has(pack.packId)) packs.push(useOf(pack, facts, ownerOf))
    else forget.add(pack.packId)
  }
  const repack = choosePacks(packs, policy)
  const idle = packs.filter(({ usedBlobs }) => usedBlobs === 0).map(({ packId }) => packId)
  const orphans = [...facts.files.keys()].filter((packId) => !indexed.has(packId))
  const { remove, marks } = decideMarks([...idle, ...orphans], facts, policy)
  for (const { packId } of repack) marks.set(packId, facts.nowMs)
  const gone = new Set(remove)
  // Without a grace nothing waits for a second look, the packs that were just replaced least of all.
  if (policy.graceMs <= 0) for (const { packId } of repack) gone.add(packId)
  for (const packId of [...gone, ...repack.map(({ packId: repacked }) => repacked)]) forget.add(packId)
  const figures = figuresOf(packs, repack, marks, gone, facts, policy)
  return { remove: [...gone], repack: repack.map(({ packId }) => packId), forget, marks, ownerOf, figures }
}

/** For each used blob that lies in several packs the one where it counts: where most else is used, so that the others can go. */
function ownersOfDoubles(facts: PruneFacts): Map<string, string> {
  const doubles = new Set<string>()
  const once = { data: new IdSet(), tree: new IdSet() }
  for (const { packId, blobs } of facts.indexed) {
    if (!facts.files.has(packId)) continue
    for (const { type, id } of blobs) {
      if (facts.isUsed(type, id) && !once[type].add(id)) doubles.add(`${type} ${id}`)
    }
  }
  const best = new Map<string, { packId: string; usedBytes: number }>()
  if (doubles.size === 0) return new Map()
  for (const pack of facts.indexed) {
    if (!facts.files.has(pack.packId)) continue
    const own = pack.blobs.filter(({ type, id }) => facts.isUsed(type, id))
    const usedBytes = own.reduce((sum, { type, id, lengthBytes }) => sum + (doubles.has(`${type} ${id}`) ? 0 : lengthBytes), 0)
    for (const { type, id } of own) {
      const key = `${type} ${id}`
      if (doubles.has(key) && usedBytes > (best.get(key)?.usedBytes ?? -1)) best.set(key, { packId: pack.packId, usedBytes })
    }
  }
  return new Map([...best].map(([key, { packId }]) => [key, packId]))
}

function useOf({ packId, blobs }: IndexedPack, facts: PruneFacts, ownerOf: PrunePlan['ownerOf']): PackUse {
  const use: PackUse = {
    packId,
    type: blobs[0]?.type ?? 'data',
    sizeBytes: facts.files.get(packId) ?? 0,
    usedBlobs: 0,
    usedBytes: 0,
    unusedBytes: 0,
  }
  const counted = new Set<string>()
  for (const { type, id, lengthBytes } of blobs) {
    const isOwned = (ownerOf(type, id) ?? packId) === packId && !counted.has(id)
    if (!isOwned || !facts.isUsed(type, id)) {
      use.unusedBytes += lengthBytes
      continue
    }
    counted.add(id)
    use.usedBlobs += 1
    use.usedBytes += lengthBytes
  }
  return use
}

/** The packs with the largest share of waste first, until little enough is left; and small ones when they fill one together. */
function choosePacks(packs: readonly PackUse[], policy: PrunePolicy): PackUse[] {
  const used = packs.filter(({ usedBlobs }) => usedBlobs > 0)
  const allowedBytes = policy.maxUnused * used.reduce((sum, pack) => sum + pack.usedBytes, 0)
  let wasteBytes = used.reduce((sum, pack) => sum + pack.unusedBytes, 0)
  const chosen = new Set<PackUse>()
  const share = (pack: PackUse): number => pack.unusedBytes / (pack.unusedBytes + pack.usedBytes)
  for (const pack of used.filter(({ unusedBytes }) => unusedBytes > 0).toSorted((one, other) => share(other) - share(one))) {
    if (wasteBytes <= allowedBytes) break
    wasteBytes -= pack.unusedBytes
    chosen.add(pack)
  }
  for (const type of ['data', 'tree'] as const) {
    const small = used.filter((pack) => pack.type === type && pack.sizeBytes < policy.smallPackBytes)
    if (small.reduce((sum, pack) => sum + pack.usedBytes, 0) >= policy.fullPackBytes) for (const pack of small) chosen.add(pack)
  }
  return [...chosen]
}

function decideMarks(
  unreferenced: readonly string[],
  { marks: before, nowMs }: PruneFacts,
  { graceMs }: PrunePolicy,
): { remove: string[]; marks: Map<string, number> } {
  const marks = new Map<string, number>()
  const remove: string[] = []
  for (const packId of unreferenced) {
    const sinceMs = before.get(packId)
    // A mark from the future was made by a clock that was wrong: the grace begins again.
    const markedMs = sinceMs === undefined || sinceMs > nowMs ? nowMs : sinceMs
    marks.set(packId, markedMs)
    if (nowMs - markedMs >= graceMs) remove.push(packId)
  }
  return { remove, marks }
}

function figuresOf(
  packs: readonly PackUse[],
  repack: readonly PackUse[],
  marks: Marks,
  remove: ReadonlySet<string>,
  { files }: PruneFacts,
  { graceMs }: PrunePolicy,
): PruneFigures {
  const repacked = new Set(repack)
  const waiting = [...marks].filter(([packId]) => !remove.has(packId))
  const sizeOf = (ids: Iterable<string>): number => [...ids].reduce((sum, packId) => sum + (files.get(packId) ?? 0), 0)
  return {
    usedBlobs: packs.reduce((sum, pack) => sum + pack.usedBlobs, 0),
    usedBytes: packs.reduce((sum, pack) => sum + pack.usedBytes, 0),
    unusedBytes: packs.reduce((sum, pack) => sum + (pack.usedBlobs > 0 && !repacked.has(pack) ? pack.unusedBytes : 0), 0),
    removedPacks: remove.size,
    removedBytes: sizeOf(remove),
    markedPacks: waiting.length,
    markedBytes: sizeOf(waiting.map(([packId]) => packId)),
    repackedPacks: repack.length,
    repackedBytes: repack.reduce((sum, pack) => sum + pack.usedBytes, 0),
    nextRemovalMs: waiting.length === 0 ? null : Math.min(...waiting.map(([, sinceMs]) => sinceMs)) + graceMs,
  }
}

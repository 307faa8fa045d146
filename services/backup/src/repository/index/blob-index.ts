import type { BlobId, BlobType } from '../blob.ts'
import type { PackedBlob } from '../pack/pack-header.ts'
import { BlobTable, lengthWord, nextWord, offsetWord, packWord, plainWord, treeBit } from './blob-table.ts'
import { SharedIndex } from './shared-index.ts'
import type { SharedIndexHandle } from './shared-index.ts'

/** Where a blob lies in the repository. */
export interface BlobPlace {
  packId: string
  type: BlobType
  offset: number
  lengthBytes: number
  /** Null: stored uncompressed; its size is `lengthBytes` less the 32 bytes of the seal. */
  plainBytes: number | null
}

/** Packs are in JavaScript's own memory: there is one for some thousand blobs. */
interface Packs {
  readonly ids: string[]
  /** Entry number + 1 of the first blob of each pack. */
  readonly firsts: number[]
  readonly numbers: Map<string, number>
}

/** All blobs that lie in stored packs, in less than 80 bytes each, and those that somebody is about to store. */
export class BlobIndex {
  #table = BlobTable.withRoomFor(0)
  #packs: Packs = { ids: [], firsts: [], numbers: new Map() }
  #size = 0
  #isShared = false

  /** Blobs with a place; one that lies twice counts once. */
  get size(): number {
    return this.#size
  }

  get bytesUsed(): number {
    const bytesPerPack = 200
    return this.#table.bytesUsed + this.#packs.ids.length * bytesPerPack
  }

  has(type: BlobType, id: BlobId): boolean {
    return this.#placed(type, id) !== -1
  }

  find(type: BlobType, id: BlobId): BlobPlace | undefined {
    const entry = this.#placed(type, id)
    if (entry === -1) return undefined
    const packId = this.#packs.ids[this.#packOf(entry)]
    if (packId === undefined) return undefined
    const { offset, lengthBytes, plainBytes } = this.#blobAt(entry)
    return { packId, type, offset, lengthBytes, plainBytes }
  }

  /** A pack that is stored. Of one that is known already, only blobs that were not told before: a damaged index may tell it in parts. */
  add(packId: string, blobs: readonly PackedBlob[]): void {
    const known = this.#packs.numbers.get(packId)
    const told = new Set(known === undefined ? [] : this.blobsOf(packId).map((blob) => blob.offset))
    const pack = known ?? this.#packs.ids.push(packId) - 1
    this.#packs.numbers.set(packId, pack)
    let next = this.#packs.firsts[pack] ?? 0
    // From the last to the first, so that the list of a pack begins with its first blob.
    for (const blob of blobs.toReversed()) if (!told.has(blob.offset)) next = this.#place(pack, blob, next) + 1
    this.#packs.firsts[pack] = next
  }

  /** Forgets packs, and claims; workers that were handed the index before must have ended. */
  removePacks(ids: Iterable<string>): void {
    const removed = new Set(ids)
    const before = new BlobIndex()
    before.#table = this.#table
    before.#packs = this.#packs
    this.#packs = { ids: [], firsts: [], numbers: new Map() }
    this.#table = BlobTable.withRoomFor(this.#size)
    this.#size = 0
    this.#isShared = false
    for (const packId of before.packs()) if (!removed.has(packId)) this.add(packId, before.blobsOf(packId))
  }

  packs(): IterableIterator<string> {
    return this.#packs.ids.values()
  }

  /** The blobs of a pack in the order of the pack; none when it is not known. */
  blobsOf(packId: string): readonly PackedBlob[] {
    const pack = this.#packs.numbers.get(packId)
    const blobs: PackedBlob[] = []
    for (let entry = this.#firstOf(pack); entry !== -1; entry = this.#table.word(entry, nextWord) - 1) blobs.push(this.#blobAt(entry))
    return blobs.sort((one, other) => one.offset - other.offset)
  }

  /** For the worker threads of one run, which open it as a SharedIndex. Each call begins anew: claims of earlier runs count for nothing. */
  share(): SharedIndexHandle {
    this.#isShared = true
    return { memory: this.#table.memory, session: this.#table.newSession() }
  }

  /** The same for this thread. */
  claims(): SharedIndex {
    return new SharedIndex(this.share())
  }

  #firstOf(pack: number | undefined): number {
    return pack === undefined ? -1 : (this.#packs.firsts[pack] ?? 0) - 1
  }

  #placed(type: BlobType, id: BlobId): number {
    const entry = this.#table.find(type, id)
    return entry !== -1 && this.#packOf(entry) !== -1 ? entry : -1
  }

  #packOf(entry: number): number {
    return (this.#table.word(entry, packWord) & ~treeBit) - 1
  }

  #place(pack: number, blob: PackedBlob, next: number): number {
    if (!this.#isShared && this.#table.isCrowded()) this.#table = this.#table.withMoreSlots()
    const table = this.#table
    const known = table.findOrInsert(blob.type, blob.id)
    const isSecond = this.#packOf(known) !== -1
    const entry = isSecond ? table.append(blob.type, blob.id) : known
    if (!isSecond) this.#size++
    table.setPlace(entry, pack, blob, next)
    return entry
  }

  #blobAt(entry: number): PackedBlob {
    const table = this.#table
    const plainBytes = table.word(entry, plainWord)
    return {
      type: (table.word(entry, packWord) & treeBit) === 0 ? 'data' : 'tree',
      id: table.idOf(entry),
      offset: table.word(entry, offsetWord),
      lengthBytes: table.word(entry, lengthWord),
      plainBytes: plainBytes === 0 ? null : plainBytes,
    }
  }
}

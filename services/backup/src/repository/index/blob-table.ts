import { EffectError } from '@nightshift/shared/errors'
import type { BlobId, BlobType } from '../blob.ts'
import type { PackedBlob } from '../pack/pack-header.ts'
import { createGrowingMemory, wordsOf } from './growing-memory.ts'
import type { GrowingMemory } from './growing-memory.ts'

/** The memory of a table; may be posted to worker threads. */
export interface TableMemory {
  readonly header: SharedArrayBuffer
  readonly entries: GrowingMemory
  readonly slots: GrowingMemory
  /** Slots of the first level, a power of two; each next level has twice as many. */
  readonly firstSlots: number
}

/** Words of 32 bits in an entry: id, place, claim. */
const entryWords = 14
const idWords = 8
/** Pack number + 1, or 0 as long as nobody stored the blob; the highest bit is the type. */
export const packWord = 8
export const offsetWord = 9
export const lengthWord = 10
/** 0: stored uncompressed. */
export const plainWord = 11
/** Entry number + 1 of the next blob in the same pack. */
export const nextWord = 12
/** Who said that it stores the blob. */
const claimWord = 13

export const treeBit = 0x8000_0000

/** Words of the header: entries, levels, sessions, then the number of used slots of each level. */
const countAt = 0
const levelsAt = 1
const sessionsAt = 2
const usedAt = 3
const maxLevels = 14

/** 67 million blobs are 70 TB of files, or 1 TB of database pages. */
const maxEntries = 2 ** 26
const maxSlots = 2 ** 28
const entryBytes = entryWords * 4

/** Entries are made room for in steps. */
const stepEntries = 2 ** 14

/**
 * An open-addressing table of blobs in shared memory, without locks. Entries are appended and never move; slots hold entry numbers. When a
 * level of slots is 70 % full a new, larger one is put on top, so that no thread ever has to wait for another that moves things. Two
 * threads that store the same blob while a level is put on top may both be told to store it: a blob that lies twice is legal.
 */
export class BlobTable {
  readonly memory: TableMemory
  readonly #header: Int32Array
  #entries: Int32Array
  #slots: Int32Array
  /** The id that is looked for. */
  readonly #idBytes = Buffer.from(new ArrayBuffer(idWords * 4))
  readonly #id = new Int32Array(this.#idBytes.buffer)

  constructor(memory: TableMemory) {
    this.memory = memory
    this.#header = new Int32Array(memory.header)
    this.#entries = wordsOf(memory.entries, 0)
    this.#slots = wordsOf(memory.slots, 0)
  }

  /** A table that takes so many blobs before it needs a second level. */
  static withRoomFor(blobs: number): BlobTable {
    const entries = createGrowingMemory(stepEntries * entryBytes, maxEntries * entryBytes)
    return new BlobTable(newMemory(entries, 2 ** Math.max(14, Math.ceil(Math.log2((blobs + 1) / 0.7)))))
  }

  /** The same entries under one level of twice as many slots. Only while no other thread has this table. */
  withMoreSlots(): BlobTable {
    const table = new BlobTable(newMemory(this.memory.entries, Math.min(this.memory.firstSlots * 2, maxSlots / 2)))
    const count = this.entryCount
    Atomics.store(table.#header, countAt, count)
    Atomics.store(table.#header, sessionsAt, Atomics.load(this.#header, sessionsAt))
    for (let entry = 0; entry < count; entry++) {
      for (let word = 0; word < idWords; word++) table.#id[word] = this.word(entry, word)
      // Of two entries of one blob the first gets the slot, as it had it before.
      table.#publish(this.word(entry, packWord) & treeBit, entry)
    }
    return table
  }

  get entryCount(): number {
    return Atomics.load(this.#header, countAt)
  }

  get bytesUsed(): number {
    return wordsOf(this.memory.entries, 0).byteLength + wordsOf(this.memory.slots, 0).byteLength + this.#header.byteLength
  }

  /** True when one more blob would need another level. */
  isCrowded(): boolean {
    const top = Atomics.load(this.#header, levelsAt) - 1
    return Atomics.load(this.#header, usedAt + top) + 1 > this.#slotsOf(top) * 0.7
  }

  newSession(): number {
    return Atomics.add(this.#header, sessionsAt, 1) + 1
  }

  /** The entry of a blob that has a place or a claim, or -1. */
  find(type: BlobType, id: BlobId): number {
    this.#readId(id)
    return this.#find(bitOf(type))
  }

  /** The entry of a blob; made when there is none. */
  findOrInsert(type: BlobType, id: BlobId): number {
    this.#readId(id)
    const found = this.#find(bitOf(type))
    return found === -1 ? this.#publish(bitOf(type), this.#append(bitOf(type), 0)) : found
  }

  /** An entry without a slot: the second place of a blob, which only its pack knows. */
  append(type: BlobType, id: BlobId): number {
    this.#readId(id)
    return this.#append(bitOf(type), 0)
  }

  /** True for the first that asks in a session, unless the blob has a place. A claim of another session counts for nothing: it may have died. */
  claim(type: BlobType, id: BlobId, session: number): boolean {
    this.#readId(id)
    const found = this.#find(bitOf(type))
    if (found !== -1) return this.#takeOver(found, session)
    const entry = this.#append(bitOf(type), session)
    const holder = this.#publish(bitOf(type), entry)
    return holder === entry || this.#takeOver(holder, session)
  }

  idOf(entry: number): BlobId {
    for (let word = 0; word < idWords; word++) this.#id[word] = this.word(entry, word)
    return this.#idBytes.toString('hex')
  }

  /** A number of 32 bits without sign. */
  word(entry: number, word: number): number {
    this.#reach(entry)
    return Atomics.load(this.#entries, entry * entryWords + word) >>> 0
  }

  /** Says where the blob lies; other threads see either all of it or nothing. */
  setPlace(entry: number, pack: number, blob: PackedBlob, next: number): void {
    this.#reach(entry)
    const at = entry * entryWords
    this.#entries[at + offsetWord] = blob.offset
    this.#entries[at + lengthWord] = blob.lengthBytes
    this.#entries[at + plainWord] = blob.plainBytes ?? 0
    this.#entries[at + nextWord] = next
    Atomics.store(this.#entries, at + packWord, (bitOf(blob.type) + pack + 1) | 0)
  }

  #readId(id: BlobId): void {
    const bytes = this.#idBytes
    for (let at = 0; at < idWords * 4; at++)
      bytes[at] = ((digits[id.charCodeAt(2 * at)] ?? 0) << 4) | (digits[id.charCodeAt(2 * at + 1)] ?? 0)
  }

  #find(typeBit: number): number {
    const levels = Atomics.load(this.#header, levelsAt)
    for (let level = 0; level < levels; level++) {
      const base = this.#baseOf(level)
      const mask = this.#slotsOf(level) - 1
      for (let slot = (this.#id[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
        const entry = Atomics.load(this.#slots, base + slot) - 1
        if (entry === -1) break
        if (this.#matches(entry, typeBit)) return entry
      }
    }
    return -1
  }

  #append(typeBit: number, claim: number): number {
    const entry = Atomics.add(this.#header, countAt, 1)
    if (entry >= maxEntries)
      throw new EffectError('index_full', `the repository has more than ${maxEntries} blobs; begin a new one, or use larger chunks`)
    this.#reach(entry)
    const at = entry * entryWords
    for (let word = 0; word < idWords; word++) this.#entries[at + word] = this.#id[word] ?? 0
    this.#entries[at + claimWord] = claim
    this.#entries[at + packWord] = typeBit
    return entry
  }

  /** Puts the entry into the top level; the entry that was there before, if another thread was faster. */
  #publish(typeBit: number, entry: number): number {
    if (this.isCrowded()) this.#pushLevel()
    const level = Atomics.load(this.#header, levelsAt) - 1
    const base = this.#baseOf(level)
    const mask = this.#slotsOf(level) - 1
    for (let slot = (this.#id[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const holder = Atomics.compareExchange(this.#slots, base + slot, 0, entry + 1) - 1
      if (holder === -1) {
        Atomics.add(this.#header, usedAt + level, 1)
        return entry
      }
      if (this.#matches(holder, typeBit)) return holder
    }
  }

  #takeOver(entry: number, session: number): boolean {
    if ((this.word(entry, packWord) & ~treeBit) !== 0) return false
    const at = entry * entryWords + claimWord
    const claim = Atomics.load(this.#entries, at)
    return claim !== session && Atomics.compareExchange(this.#entries, at, claim, session) === claim
  }

  #matches(entry: number, typeBit: number): boolean {
    this.#reach(entry)
    const [entries, id, at] = [this.#entries, this.#id, entry * entryWords]
    for (let word = 0; word < idWords; word++) if (entries[at + word] !== id[word]) return false
    return (Atomics.load(entries, at + packWord) & treeBit) === (typeBit & treeBit)
  }

  /** Where a level begins; makes sure that our view reaches to its end. */
  #baseOf(level: number): number {
    const base = this.memory.firstSlots * (2 ** level - 1)
    const end = base + this.#slotsOf(level)
    if (end > this.#slots.length) this.#slots = wordsOf(this.memory.slots, end * 4)
    return base
  }

  #slotsOf(level: number): number {
    return this.memory.firstSlots * 2 ** level
  }

  #pushLevel(): void {
    const levels = Atomics.load(this.#header, levelsAt)
    if (levels === maxLevels || this.memory.firstSlots * (2 ** (levels + 1) - 1) > maxSlots) return
    this.#baseOf(levels)
    Atomics.compareExchange(this.#header, levelsAt, levels, levels + 1)
  }

  /** Makes sure that our view reaches to this entry. */
  #reach(entry: number): void {
    if ((entry + 1) * entryWords <= this.#entries.length) return
    const entries = Math.min(maxEntries, entry + stepEntries)
    this.#entries = wordsOf(this.memory.entries, entries * entryBytes)
  }
}

function newMemory(entries: GrowingMemory, firstSlots: number): TableMemory {
  const header = new SharedArrayBuffer(4 * (usedAt + maxLevels))
  Atomics.store(new Int32Array(header), levelsAt, 1)
  return { header, entries, slots: createGrowingMemory(firstSlots * 4, maxSlots * 4), firstSlots }
}

function bitOf(type: BlobType): number {
  return type === 'tree' ? treeBit : 0
}

/** The value of each hexadecimal digit by its character code. */
const digits = Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, '0123456789abcdef'.indexOf(String.fromCharCode(code))))

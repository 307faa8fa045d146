import { hash } from 'node:crypto'
import { ContractError, EffectError } from '@nightshift/shared/errors'
import { blobIdOf, maxBlobBytes } from '../blob.ts'
import type { BlobId, BlobType } from '../blob.ts'
import { compress, defaultCompressionLevel } from '../compression.ts'
import type { MasterKey } from '../master-key.ts'
import { release } from '../release.ts'
import { Seal, sealBytes } from '../seal.ts'
import { openBlob } from './open-blob.ts'
import { encodePackHeader, entryBytes, headerLengthBytes, packBytes } from './pack-header.ts'
import type { PackedBlob } from './pack-header.ts'

export type { PackedBlob } from './pack-header.ts'

/** As restic's: large enough for few files, small enough to be sent again after a failure. */
export const defaultPackBytes = 16 * 1024 * 1024

/** So many blobs at most in one pack, so that its header and its part of an index file stay small also when blobs are tiny. */
const maxBlobs = 20_000

export interface PackOptions {
  /** A pack that has reached this size is full. */
  targetBytes?: number
  compressionLevel?: number
  /** Each blob is opened again and hashed before it counts (default): a fault of memory or of a library must not be found at restore. */
  verify?: boolean
}

export interface FinishedPack {
  packId: string
  bytes: Uint8Array<ArrayBuffer>
  blobs: PackedBlob[]
}

/** Compresses, seals and collects blobs of one type; after `finish` it is empty and may be used again. */
export class PackBuilder {
  readonly #type: BlobType
  readonly #seal: Seal
  readonly #targetBytes: number
  readonly #level: number
  readonly #verify: boolean
  #bytes: Uint8Array<ArrayBuffer> | undefined
  #blobs: PackedBlob[] = []
  #usedBytes = 0
  #headerBytes = 0

  constructor(keys: MasterKey, type: BlobType, options: PackOptions = {}) {
    this.#type = type
    this.#seal = new Seal(keys)
    this.#targetBytes = options.targetBytes ?? defaultPackBytes
    this.#level = options.compressionLevel ?? defaultCompressionLevel
    this.#verify = options.verify ?? true
  }

  get isEmpty(): boolean {
    return this.#blobs.length === 0
  }

  get isFull(): boolean {
    return this.#usedBytes + this.#headerBytes >= this.#targetBytes || this.#blobs.length >= maxBlobs
  }

  /** Adds a blob whose id is the hash of `plain`, and says how many bytes it takes in the pack. */
  add(id: BlobId, plain: Uint8Array): number {
    const maxPlainBytes = maxBlobBytes - sealBytes
    if (plain.length === 0 || plain.length > maxPlainBytes)
      throw new ContractError('blob_size', `a blob of ${plain.length} bytes cannot be stored: 1 to ${maxPlainBytes} are allowed`)
    const compressed = compress(plain, this.#level)
    const isSmaller = compressed.length < plain.length
    const stored = isSmaller ? compressed : plain
    const offset = this.#usedBytes
    const target = this.#room(stored.length + sealBytes)
    const lengthBytes = this.#seal.sealInto(stored, target, offset)
    release(compressed)
    const blob: PackedBlob = { type: this.#type, id, offset, lengthBytes, plainBytes: isSmaller ? plain.length : null }
    if (this.#verify) this.#check(blob, target.subarray(offset, offset + lengthBytes))
    this.#blobs.push(blob)
    this.#usedBytes += lengthBytes
    this.#headerBytes += entryBytes(blob)
    return lengthBytes
  }

  /** The whole file and its name. The bytes belong to the caller. */
  finish(): FinishedPack {
    const blobs = this.#blobs
    const sizeBytes = packBytes(blobs)
    const target = this.#room(sizeBytes - this.#usedBytes)
    const headerBytes = this.#seal.sealInto(encodePackHeader(blobs), target, this.#usedBytes)
    new DataView(target.buffer, target.byteOffset).setUint32(sizeBytes - headerLengthBytes, headerBytes, true)
    const bytes = target.subarray(0, sizeBytes)
    this.#bytes = undefined
    this.#blobs = []
    this.#usedBytes = 0
    this.#headerBytes = 0
    return { packId: hash('sha256', bytes, 'hex'), bytes, blobs }
  }

  /** The buffer of the pack with at least so many bytes free. A blob that passes the target by far makes it grow. */
  #room(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const present = this.#bytes
    const neededBytes = this.#usedBytes + sizeBytes
    if (present !== undefined && present.length >= neededBytes) return present
    const spareBytes = 512 * 1024
    const sizeToHave = Math.max(neededBytes + spareBytes, present === undefined ? this.#targetBytes + 2 * spareBytes : 0)
    // Not filled with zeros: of a pack that stays small only the beginning takes memory.
    const grown = new Uint8Array(Buffer.allocUnsafeSlow(sizeToHave).buffer)
    if (present !== undefined) grown.set(present.subarray(0, this.#usedBytes))
    this.#bytes = grown
    return grown
  }

  #check(blob: PackedBlob, sealed: Uint8Array): void {
    try {
      const plain = openBlob(this.#seal, sealed, blob.plainBytes)
      const id = blobIdOf(plain)
      release(plain)
      if (id === blob.id) return
    } catch (cause) {
      throw unverified(blob.id, cause)
    }
    throw unverified(blob.id, undefined)
  }
}

function unverified(id: BlobId, cause: unknown): EffectError {
  return new EffectError(
    'blob_unverified',
    `blob ${id} is not what it was when it is opened again, before it was stored: this machine's memory or processor may be faulty; ` +
      'nothing was stored of it, test the memory before the next backup',
    { severity: 'critical', cause },
  )
}

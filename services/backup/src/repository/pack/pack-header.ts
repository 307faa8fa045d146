import { ContractError } from '@nightshift/shared/errors'
import { isId, maxBlobBytes } from '../blob.ts'
import type { BlobId, BlobType } from '../blob.ts'
import { sealBytes } from '../seal.ts'

/** Where a blob lies in its pack, and how long it is there. */
export interface PackedBlob {
  type: BlobType
  id: BlobId
  offset: number
  /** As sealed, in the pack. */
  lengthBytes: number
  /** Null: stored as it is, so its plain size is `lengthBytes` less the 32 bytes of the seal. */
  plainBytes: number | null
}

/** A pack ends with the length of its sealed header. */
export const headerLengthBytes = 4

/** restic reads no longer header. */
export const maxHeaderBytes = 16 * 1024 * 1024

const rawEntryBytes = 37
const compressedEntryBytes = 41

const types: readonly BlobType[] = ['data', 'tree']

/** How long the file of a pack with these blobs is. */
export function packBytes(blobs: readonly Pick<PackedBlob, 'lengthBytes' | 'plainBytes'>[]): number {
  return blobs.reduce((sum, blob) => sum + blob.lengthBytes + entryBytes(blob), sealBytes + headerLengthBytes)
}

export function entryBytes(blob: Pick<PackedBlob, 'plainBytes'>): number {
  return blob.plainBytes === null ? rawEntryBytes : compressedEntryBytes
}

export function encodePackHeader(blobs: readonly PackedBlob[]): Buffer {
  const header = Buffer.allocUnsafeSlow(blobs.reduce((sum, blob) => sum + entryBytes(blob), 0))
  let at = 0
  for (const blob of blobs) {
    at = header.writeUInt8((blob.plainBytes === null ? 0 : 2) + types.indexOf(blob.type), at)
    at = header.writeUInt32LE(blob.lengthBytes, at)
    if (blob.plainBytes !== null) at = header.writeUInt32LE(blob.plainBytes, at)
    at += header.write(blob.id, at, 'hex')
  }
  return header
}

/** The blobs of a pack from its opened header; their lengths must fill the pack exactly. ContractError `pack_damaged`. */
export function parsePackHeader(header: Buffer, fileBytes: number): PackedBlob[] {
  const blobs: PackedBlob[] = []
  let offset = 0
  for (let at = 0; at < header.length;) {
    const kind = header.readUInt8(at)
    const isCompressed = kind >= 2
    const type = types[isCompressed ? kind - 2 : kind]
    const endOfEntry = at + (isCompressed ? compressedEntryBytes : rawEntryBytes)
    if (type === undefined || endOfEntry > header.length) throw damaged(`entry ${blobs.length} of its header is of no kind or cut off`)
    const lengthBytes = header.readUInt32LE(at + 1)
    const plainBytes = isCompressed ? header.readUInt32LE(at + 5) : null
    const id = header.toString('hex', endOfEntry - 32, endOfEntry)
    if (lengthBytes < sealBytes || lengthBytes > maxBlobBytes || (plainBytes ?? 0) > maxBlobBytes || !isId(id))
      throw damaged(`entry ${blobs.length} of its header has sizes that cannot be`)
    blobs.push({ type, id, offset, lengthBytes, plainBytes })
    offset += lengthBytes
    at = endOfEntry
  }
  const expectedBytes = offset + header.length + sealBytes + headerLengthBytes
  if (expectedBytes !== fileBytes) throw damaged(`its header tells of ${expectedBytes} bytes, and it has ${fileBytes}`)
  return blobs
}

function damaged(what: string): ContractError {
  return new ContractError('pack_damaged', what)
}

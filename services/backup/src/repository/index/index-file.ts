import { ContractError } from '@nightshift/shared/errors'
import { isId, maxBlobBytes } from '../blob.ts'
import type { PackedBlob } from '../pack/pack-header.ts'
import { sealBytes } from '../seal.ts'

/** A pack with all its blobs: they are never spread over several index files. */
export interface IndexedPack {
  readonly packId: string
  readonly blobs: readonly PackedBlob[]
}

/** restic's own bound: an index file that holds more is closed. */
export const maxIndexBlobs = 50_000

/** A pack is under 4 GiB, because offsets have 32 bits. */
const maxOffset = 0xffff_ffff

/** The JSON of an index file. */
export function encodeIndex(packs: readonly IndexedPack[]): object {
  return {
    packs: packs.map((pack) => ({
      id: pack.packId,
      blobs: pack.blobs.map((blob) => ({
        id: blob.id,
        type: blob.type,
        offset: blob.offset,
        length: blob.lengthBytes,
        ...(blob.plainBytes === null ? {} : { uncompressed_length: blob.plainBytes }),
      })),
    })),
  }
}

/** ContractError `index_damaged` for what no tool writes. */
export function parseIndex(value: unknown): IndexedPack[] {
  const packs = property(value, 'packs')
  if (packs === undefined || packs === null) return []
  if (!Array.isArray(packs)) throw damaged('its `packs` is not a list')
  return packs.map(parsePack)
}

function parsePack(value: unknown): IndexedPack {
  const packId = property(value, 'id')
  const blobs = property(value, 'blobs')
  if (!isId(packId)) throw damaged('a pack has no id')
  if (!Array.isArray(blobs)) throw damaged(`pack ${packId} has no list of blobs`)
  return { packId, blobs: blobs.map((blob: unknown) => parseBlob(packId, blob)) }
}

function parseBlob(packId: string, value: unknown): PackedBlob {
  const id = property(value, 'id')
  const type = property(value, 'type')
  const offset = property(value, 'offset')
  const lengthBytes = property(value, 'length')
  const plainBytes = property(value, 'uncompressed_length') ?? 0
  if (!isId(id) || (type !== 'data' && type !== 'tree')) throw damaged(`pack ${packId} has a blob without id or type`)
  if (!isWithin(offset, 0, maxOffset) || !isWithin(lengthBytes, sealBytes, maxBlobBytes) || !isWithin(plainBytes, 0, maxBlobBytes))
    throw damaged(`blob ${id} in pack ${packId} has sizes that cannot be`)
  return { type, id, offset, lengthBytes, plainBytes: plainBytes === 0 ? null : plainBytes }
}

function isWithin(value: unknown, from: number, to: number): value is number {
  return Number.isInteger(value) && Number(value) >= from && Number(value) <= to
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

function damaged(what: string): ContractError {
  return new ContractError('index_damaged', what)
}

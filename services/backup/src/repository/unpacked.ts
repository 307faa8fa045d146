import { ContractError } from '@nightshift/shared/errors'
import { compress, decompress, defaultCompressionLevel } from './compression.ts'

/** First byte of a compressed JSON; a JSON that is not compressed begins with a bracket. */
const compressedMark = 2

/** No index or snapshot that anybody writes comes near. */
const maxJsonBytes = 512 * 1024 * 1024

/** JSON of ids shrinks to about half, so one output buffer is mostly enough. */
const usualRatio = 3

/** What lies under the seal of an index, snapshot or lock. Version 1 knows no compression. */
export function encodeUnpacked(value: unknown, version: 1 | 2): Buffer {
  const json = Buffer.from(JSON.stringify(value))
  return version === 1 ? json : Buffer.concat([Buffer.of(compressedMark), compress(json, defaultCompressionLevel)])
}

/** ContractError `file_damaged`. */
export function decodeUnpacked(bytes: Buffer): unknown {
  const first = bytes[0]
  if (first !== compressedMark && first !== 0x7b && first !== 0x5b)
    throw new ContractError('file_damaged', 'it begins with no byte that we know')
  try {
    const json = first === compressedMark ? decompress(bytes.subarray(1), maxJsonBytes, bytes.length * usualRatio) : bytes
    return JSON.parse(json.toString())
  } catch (cause) {
    throw new ContractError('file_damaged', 'it holds no whole JSON', { cause })
  }
}

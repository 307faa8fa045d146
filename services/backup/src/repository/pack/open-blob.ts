import { decompress } from '../compression.ts'
import { release } from '../release.ts'
import type { Seal } from '../seal.ts'

/** The plain bytes of a blob as it lies in its pack; throws when it cannot be opened. The caller compares the hash. */
export function openBlob(seal: Seal, sealed: Uint8Array, plainBytes: number | null): Buffer {
  const stored = seal.open(sealed)
  if (plainBytes === null) return stored
  const plain = decompress(stored, plainBytes, plainBytes)
  release(stored)
  return plain
}

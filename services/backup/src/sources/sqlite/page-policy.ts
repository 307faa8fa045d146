import type { ChunkPolicy } from '../../repository/chunker/chunk-policy.ts'

/** Above it, small pieces would cost more memory for the index than they save in the store. */
const largeBytes = 20 * 1024 ** 3

/** Pieces of whole pages: a changed row costs one piece, not a mebibyte. */
export function pagePolicy(sizeBytes: number): ChunkPolicy {
  return { kind: 'fixed', sizeBytes: sizeBytes > largeBytes ? 65_536 : 16_384 }
}

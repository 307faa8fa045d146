/**
 * How a file is cut into blobs. `rabin`: restic's own cut points, about 1.5 MiB, shared with the restic binary. `small`: the same hash
 * with a 32 KiB mean, for dumps where changes are scattered. `fixed`: pages of a database file; a changed page changes one blob.
 */
export type ChunkPolicy = { kind: 'rabin' } | { kind: 'small' } | { kind: 'fixed'; sizeBytes: number }

/** The longest chunk of a policy: what a buffer must hold so that `cut` never lacks bytes. */
export function maxChunkBytes(policy: ChunkPolicy): number {
  return policy.kind === 'fixed' ? policy.sizeBytes : rabinSizes[policy.kind].maxBytes
}

export interface RabinSizes {
  readonly minBytes: number
  readonly maxBytes: number
  /** A chunk ends where so many low bits of the digest are zero. */
  readonly maskBits: number
}

export const rabinSizes: Readonly<Record<'rabin' | 'small', RabinSizes>> = {
  rabin: { minBytes: 512 * 1024, maxBytes: 8 * 1024 * 1024, maskBits: 20 },
  small: { minBytes: 16 * 1024, maxBytes: 128 * 1024, maskBits: 15 },
}

import type { BlobId } from '../../repository/blob.ts'
import type { ChunkPolicy } from '../../repository/chunker/chunk-policy.ts'
import type { PackedBlob } from '../../repository/pack/pack-builder.ts'

/** A file to read. Paths are bytes, a character each, as names need not be text: a buffer costs ten times as much to hand over. */
export interface FileToRead {
  /** `latin1`. */
  readonly path: string
  /** As the walk has seen it: no more than that is read. */
  readonly sizeBytes: number
  /** As the walk has seen it, in nanoseconds; null for a copy, which nobody changes. */
  readonly mtimeNs: bigint | null
  readonly policy: ChunkPolicy
}

/** What became of a file or stream. */
export interface ReadContent {
  readonly content: readonly BlobId[]
  readonly sizeBytes: number
  /** It was written to while it was read: what was stored is right by its hashes, but may be a mixture. */
  readonly hasChanged: boolean
  /** The code of the system (`EACCES`, `ENOENT`…) when it could not be read. */
  readonly failure?: string
}

/** To a reader. Streams are one at a time for each reader; files in batches, because most are small. */
export type ReaderOrder =
  | { readonly kind: 'files'; readonly files: readonly FileToRead[] }
  | { readonly kind: 'stream'; readonly policy: ChunkPolicy }
  | { readonly kind: 'part'; readonly bytes: Uint8Array }
  | { readonly kind: 'streamEnd' }
  /** Nothing comes any more: the pack that was begun is finished. */
  | { readonly kind: 'finish' }

/** From a reader; `pack` comes before the answer that closes it in only when it was full. */
export type ReaderReport =
  | { readonly kind: 'content'; readonly contents: readonly ReadContent[] }
  | { readonly kind: 'partTaken' }
  | { readonly kind: 'pack'; readonly packId: string; readonly bytes: Uint8Array; readonly blobs: PackedBlob[] }
  | { readonly kind: 'finished' }

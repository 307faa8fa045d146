import type { BlobId } from '../../../repository/blob.ts'
import type { MasterKey } from '../../../repository/master-key.ts'
import type { ExtendedAttribute } from '../../../snapshot/node.ts'
import type { BlobOrder } from './blob-order.ts'

/** What a restored thing looks like, beside its content. */
export interface Metadata {
  readonly mode: number
  /** As Node takes times. A double holds an instant of our days to a quarter of a microsecond; what is finer is lost. */
  readonly mtimeSeconds: number
  /** Undefined: as this process makes it. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  readonly xattrs: readonly ExtendedAttribute[]
}

/**
 * A file to write; `index` is its number in the window that is being restored. The path is bytes, a character each (`latin1`): buffers cost
 * more to hand over.
 */
export interface FileTarget {
  readonly index: number
  readonly path: string
  readonly sizeBytes: number
  readonly blobs: number
  readonly metadata: Metadata
}

export interface FileToVerify {
  readonly index: number
  readonly path: string
  readonly ids: readonly BlobId[]
  readonly sizesBytes: readonly number[]
}

export type WriterOrder =
  /** Begins a window: how many blobs each of its files waits for, and which writer makes it. */
  | { readonly kind: 'window'; readonly state: SharedArrayBuffer }
  | BlobOrder
  | { readonly kind: 'verify'; readonly files: readonly FileToVerify[] }

export interface FileProblem {
  readonly file: number
  readonly reason: string
}

/** The answer to `blobs` and `verify`, in the order in which they came. */
export interface WriterReport {
  readonly problems: readonly FileProblem[]
  /** The disk is full, or gone: nothing more can be written. */
  readonly fatal?: string
}

export interface WriterSettings {
  /** Of a StopFlag. */
  readonly stop: SharedArrayBuffer
  readonly keys: MasterKey
  /** A counter of the bytes that all writers have written. */
  readonly bytesWritten: SharedArrayBuffer
}

/** The kinds of files of a repository, as restic's format has them. */
export type FileType = 'config' | 'key' | 'data' | 'index' | 'snapshot' | 'lock'

/** A file of a repository; the id is '' for the config, of which there is one. */
export interface StoreFile {
  readonly type: FileType
  readonly id: string
}

export interface ListedFile {
  readonly id: string
  readonly sizeBytes: number
}

export interface ReadOptions {
  offset?: number
  /** The default is up to the end. */
  lengthBytes?: number
  signal?: AbortSignal
}

export interface StoreRoom {
  /** Bytes of the repository's files; null when that cannot be told cheaply. */
  readonly usedBytes: number | null
  /** Bytes that can still be written; null when there is no such bound, or it cannot be known. */
  readonly freeBytes: number | null
}

/**
 * Where a repository lies: a flat set of files that are written once, whole or not at all, and never changed. Failures are EffectErrors
 * with the codes of store-error.ts.
 */
export interface Store {
  /** `folder /var/backups/ns`, `s3://bucket/prefix`; never a secret. */
  readonly description: string
  /** Makes what must exist before the first write; may be called again. */
  create(signal?: AbortSignal): Promise<void>
  list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile>
  /** Undefined when there is no such file. */
  sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined>
  /** Exactly the bytes asked for, else `store_damaged`. */
  read(file: StoreFile, options?: ReadOptions): Promise<Buffer>
  /** Atomic, and durable when it resolves. Writing the same bytes again is nothing new; other bytes are refused (`store_conflict`). */
  write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Absent counts as removed. */
  remove(file: StoreFile, signal?: AbortSignal): Promise<void>
  room(signal?: AbortSignal): Promise<StoreRoom>
  /** Removes what writes that were cut off left behind, if it is older; how many there were. */
  sweep(olderThanMs: number, nowMs: number): Promise<number>
  close(): Promise<void>
}

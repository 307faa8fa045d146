import type { DestinationConfigOf } from '../config/destination-config.ts'

/** A file as it lies in the mirror. */
export interface MirroredFile {
  /** Below the root of the mirror, with `/` between the names. */
  readonly path: string
  readonly sizeBytes: number
  /** Of the file where that is kept, else when it was stored. */
  readonly modifiedMs: number
  readonly keepsTime: boolean
  /** MD5 of the content in hexadecimal; null where it is not known. */
  readonly md5: string | null
}

/** Where a mirror lies. Errors are EffectError `store_…`. */
export interface MirrorTarget {
  readonly description: string
  list(signal: AbortSignal): AsyncIterable<MirroredFile>
  find(path: string, signal: AbortSignal): Promise<MirroredFile | undefined>
  /** Stores a file whole, or not at all. */
  put(path: string, from: { file: string; sizeBytes: number; modifiedMs: number }, signal: AbortSignal): Promise<void>
  /** What is not there counts as removed. */
  remove(path: string, signal: AbortSignal): Promise<void>
  close(): void
}

/** The target of a configuration; the S3 client is loaded only when one is named. */
export async function openTarget(config: DestinationConfigOf<'local' | 's3'>): Promise<MirrorTarget> {
  if (config.kind === 'local') return new (await import('./folder-target.ts')).FolderTarget(config.path)
  return new (await import('./s3-target.ts')).S3Target(config)
}

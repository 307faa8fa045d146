import type { Readable } from 'node:stream'

export interface ArchiveFile {
  readonly mode: number
  readonly modified: Date
  readonly sizeBytes: number
  readonly uid: number
  readonly gid: number
  readonly user?: string | undefined
  readonly group?: string | undefined
}

/** A kind of archive that is written as a stream. Each call resolves when there is room for the next. */
export interface ArchiveWriter {
  readonly stream: Readable
  folder(path: string, about: ArchiveFile): Promise<void>
  file(path: string, about: ArchiveFile, content: Readable): Promise<void>
  link(path: string, about: ArchiveFile, target: string): Promise<void>
  end(): Promise<void>
}

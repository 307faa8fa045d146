import type { ArchiveProgress, Skipped } from './archive.ts'

const maxSkipped = 1000

/** What a run counts, and where it is. */
export class RunTally {
  filesNew = 0
  filesChanged = 0
  filesUnmodified = 0
  foldersNew = 0
  foldersChanged = 0
  foldersUnmodified = 0
  /** Of the files whose content is known. */
  bytes = 0
  currentPath = ''
  readonly skipped: Skipped[] = []
  skippedCount = 0
  unreadCount = 0
  readonly #bytesRead: BigInt64Array
  /** Bytes of files that were not read because they are as before. */
  #bytesSpared = 0

  constructor(bytesRead: SharedArrayBuffer) {
    this.#bytesRead = new BigInt64Array(bytesRead)
  }

  get items(): number {
    return this.filesNew + this.filesChanged + this.filesUnmodified
  }

  spare(sizeBytes: number): void {
    this.filesUnmodified += 1
    this.bytes += sizeBytes
    this.#bytesSpared += sizeBytes
  }

  skip(path: string, reason: string, kind: Skipped['kind']): void {
    this.skippedCount += 1
    if (kind === 'unread') this.unreadCount += 1
    if (this.skipped.length < maxSkipped) this.skipped.push({ path, reason, kind })
  }

  /** What was left out because of the answer of a system call. */
  skipFor(path: string, code: string): void {
    if (code === 'ENOENT' || code === 'ESTALE') this.skip(path, 'vanished before it was read', 'vanished')
    else if (code === 'EACCES' || code === 'EPERM') this.skip(path, 'may not be read: permission denied', 'unread')
    else this.skip(path, `cannot be read (${code})`, 'unread')
  }

  progress(totalBytes: number | null, totalItems: number | null): ArchiveProgress {
    const doneBytes = this.#bytesSpared + Number(Atomics.load(this.#bytesRead, 0))
    return { doneBytes, totalBytes, doneItems: this.items, totalItems, currentPath: this.currentPath }
  }
}

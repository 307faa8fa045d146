import { idIn, nameOf } from './layout.ts'
import { missingFile, otherBytes, wrongLength } from './store-error.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from './store.ts'

/** A repository in memory, for tests in which speed matters, and for rehearsals that shall leave nothing behind. */
export class MemoryStore implements Store {
  readonly description: string
  readonly #files = new Map<string, { type: FileType; bytes: Buffer }>()

  /** The files that it begins with are not copied. */
  constructor(name = 'memory', files: Iterable<readonly [StoreFile, Buffer]> = []) {
    this.description = name
    for (const [file, bytes] of files) this.#files.set(nameOf(file), { type: file.type, bytes })
  }

  async create(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
  }

  async *list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    for (const [name, file] of Array.from(this.#files)) {
      signal?.throwIfAborted()
      if (file.type === type) yield { id: idIn(name) ?? '', sizeBytes: file.bytes.length }
    }
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    signal?.throwIfAborted()
    return this.#files.get(nameOf(file))?.bytes.length
  }

  async read(file: StoreFile, options: ReadOptions = {}): Promise<Buffer> {
    options.signal?.throwIfAborted()
    const bytes = this.#files.get(nameOf(file))?.bytes
    if (bytes === undefined) throw missingFile(this.description, file)
    const start = options.offset ?? 0
    const end = options.lengthBytes === undefined ? bytes.length : start + options.lengthBytes
    if (end > bytes.length || start > end)
      throw wrongLength(this.description, file, Math.max(0, end - start), Math.max(0, bytes.length - start))
    return Buffer.from(bytes.subarray(start, end))
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const name = nameOf(file)
    const present = this.#files.get(name)
    if (present === undefined) this.#files.set(name, { type: file.type, bytes: Buffer.from(bytes) })
    else if (!present.bytes.equals(bytes)) throw otherBytes(this.description, file)
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#files.delete(nameOf(file))
  }

  async room(): Promise<StoreRoom> {
    let usedBytes = 0
    for (const file of this.#files.values()) usedBytes += file.bytes.length
    return { usedBytes, freeBytes: null }
  }

  async sweep(): Promise<number> {
    return 0
  }

  async close(): Promise<void> {}
}

import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { link, lstat, mkdir, open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOfFileError, localError } from './local-error.ts'
import { fileTypes, folderName, isFileId, nameOf } from './layout.ts'
import { missingFile, otherBytes, storeError, wrongLength } from './store-error.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from './store.ts'

const folderMode = 0o700
const fileMode = 0o400
/** Files that are looked at together while listing. */
const statBatch = 64
/** What a write that was cut off leaves; restic's own have the same form. */
const leftover = /^(?:[0-9a-f]{64}|config)-tmp-/
const typeFolders = fileTypes.map(folderName).filter((name) => name !== '')

/**
 * A repository in a folder. A file is written beside its place under another name, synced, linked to its name, and then the folder is
 * synced: whatever stops us, there is either no file or the whole one. Folders are made by `create` only, so that a disk that is not
 * mounted is an error and not a new, empty repository.
 */
export class LocalStore implements Store {
  readonly description: string
  readonly #root: string

  constructor(root: string) {
    this.#root = root
    this.description = `folder ${root}`
  }

  async create(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#guard(async () => {
      const firstMade = await mkdir(this.#root, { recursive: true, mode: folderMode })
      for (const name of typeFolders) await mkdir(join(this.#root, name), { recursive: true, mode: folderMode })
      await syncFolder(this.#root)
      if (firstMade !== undefined) await syncFolder(dirname(firstMade))
    })
  }

  async *list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    if (type === 'config') {
      const sizeBytes = await this.sizeOf({ type, id: '' }, signal)
      if (sizeBytes !== undefined) yield { id: '', sizeBytes }
      return
    }
    for (const folder of await this.#foldersOf(type)) {
      const ids = (await this.#entriesOf(folder)).filter(isFileId)
      for (let start = 0; start < ids.length; start += statBatch) {
        signal?.throwIfAborted()
        const batch = ids.slice(start, start + statBatch)
        const found = await this.#guard(async () => await Promise.all(batch.map(async (id) => await lstatIfThere(join(folder, id)))))
        for (const [index, id] of batch.entries()) {
          const status = found[index]
          if (status?.isFile()) yield { id, sizeBytes: status.size }
        }
      }
    }
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    signal?.throwIfAborted()
    try {
      return (await stat(this.#pathOf(file))).size
    } catch (error) {
      if (codeOfFileError(error) !== 'ENOENT') throw localError(this.description, error)
      await this.#mustBeThere(file.type)
      return undefined
    }
  }

  async read(file: StoreFile, options: ReadOptions = {}): Promise<Buffer> {
    options.signal?.throwIfAborted()
    let handle: FileHandle
    try {
      handle = await open(this.#pathOf(file), constants.O_RDONLY)
    } catch (error) {
      if (codeOfFileError(error) !== 'ENOENT') throw localError(this.description, error)
      await this.#mustBeThere(file.type)
      throw missingFile(this.description, file, error)
    }
    try {
      return await this.#guard(async () => await this.#readFrom(handle, file, options))
    } finally {
      await handle.close()
    }
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const path = this.#pathOf(file)
    const temporary = `${path}-tmp-${randomBytes(8).toString('hex')}`
    await this.#guard(async () => {
      const handle = await this.#openNew(temporary, file)
      try {
        await fill(handle, bytes)
        signal?.throwIfAborted()
        if (!(await giveName(temporary, path)) && !(await this.read(file)).equals(bytes)) throw otherBytes(this.description, file)
      } finally {
        await rm(temporary, { force: true })
      }
      await syncFolder(dirname(path))
    })
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const path = this.#pathOf(file)
    await this.#guard(async () => {
      await rm(path, { force: true })
      await this.#mustBeThere(file.type)
      if ((await lstatIfThere(dirname(path))) !== undefined) await syncFolder(dirname(path))
    })
  }

  async room(signal?: AbortSignal): Promise<StoreRoom> {
    let usedBytes = 0
    for (const type of fileTypes) {
      for await (const file of this.list(type, signal)) usedBytes += file.sizeBytes
    }
    const disk = await this.#guard(async () => await statfs(this.#root))
    return { usedBytes, freeBytes: disk.bavail * disk.bsize }
  }

  async sweep(olderThanMs: number, nowMs: number): Promise<number> {
    let swept = 0
    for (const folder of [this.#root, ...(await this.#allFolders())]) {
      for (const name of (await this.#entriesOf(folder)).filter((entry) => leftover.test(entry))) {
        const path = join(folder, name)
        const status = await lstatIfThere(path)
        if (status === undefined || nowMs - status.mtimeMs < olderThanMs) continue
        await this.#guard(async () => await rm(path, { force: true }))
        swept++
      }
    }
    return swept
  }

  async close(): Promise<void> {}

  #pathOf(file: StoreFile): string {
    return join(this.#root, nameOf(file))
  }

  /** Packs lie in folders by the first two digits of their id. */
  async #foldersOf(type: FileType): Promise<string[]> {
    const folder = join(this.#root, folderName(type))
    if (type !== 'data') return [folder]
    return (await this.#entriesOf(folder)).filter((name) => /^[0-9a-f]{2}$/.test(name)).map((name) => join(folder, name))
  }

  async #allFolders(): Promise<string[]> {
    const folders: string[] = []
    for (const type of fileTypes.filter((other) => other !== 'config')) folders.push(...(await this.#foldersOf(type)))
    return folders
  }

  async #entriesOf(folder: string): Promise<string[]> {
    return await this.#guard(async () => (await readdir(folder)).toSorted())
  }

  async #readFrom(handle: FileHandle, file: StoreFile, options: ReadOptions): Promise<Buffer> {
    const start = options.offset ?? 0
    const { size } = await handle.stat()
    const wantedBytes = options.lengthBytes ?? size - start
    if (wantedBytes < 0 || start + wantedBytes > size)
      throw wrongLength(this.description, file, Math.max(0, wantedBytes), Math.max(0, size - start))
    const bytes = Buffer.allocUnsafe(wantedBytes)
    for (let done = 0; done < wantedBytes;) {
      options.signal?.throwIfAborted()
      const { bytesRead } = await handle.read(bytes, done, wantedBytes - done, start + done)
      if (bytesRead === 0) throw wrongLength(this.description, file, wantedBytes, done)
      done += bytesRead
    }
    return bytes
  }

  /** The folder of a pack is made when its first file comes; its parent is not. */
  async #openNew(path: string, file: StoreFile): Promise<FileHandle> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
    try {
      return await open(path, flags, 0o600)
    } catch (error) {
      if (codeOfFileError(error) !== 'ENOENT' || file.type !== 'data') throw error
      const folder = dirname(path)
      await mkdir(folder, { mode: folderMode }).catch((cause: unknown) => {
        if (codeOfFileError(cause) !== 'EEXIST') throw cause
      })
      await syncFolder(dirname(folder))
      return await open(path, flags, 0o600)
    }
  }

  /** A file that is absent is one thing; a repository that is absent is another. */
  async #mustBeThere(type: FileType): Promise<void> {
    const folder = join(this.#root, folderName(type))
    const status = await this.#guard(async () => await lstatIfThere(folder))
    if (status !== undefined) return
    const message = `${this.description}: ${folder} is not there; is its disk mounted? A new repository is made only by nightshift backup init`
    throw storeError('store_not_found', message)
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw localError(this.description, error)
    }
  }
}

/** Writes all, makes it durable, and closes, whatever happens. */
async function fill(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done)).bytesWritten
    // Some network file systems have no modes.
    await handle.chmod(fileMode).catch(() => undefined)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** True when the name is now ours; false when somebody has it. A link never replaces; where there are none, a rename must do. */
async function giveName(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    const code = codeOfFileError(error)
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS' && code !== 'EMLINK') throw error
    if ((await lstatIfThere(path)) !== undefined) return false
    await rename(temporary, path)
    return true
  }
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (codeOfFileError(error) === 'ENOENT') return undefined
    throw error
  }
}

/** A name is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    // Some network file systems cannot sync a folder, and say so.
    if (codeOfFileError(error) !== 'EINVAL' && codeOfFileError(error) !== 'ENOTSUP') throw error
  } finally {
    await handle.close()
  }
}

import { randomBytes } from 'node:crypto'
import { constants, createReadStream, createWriteStream } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { localError } from '../destinations/local-error.ts'
import type { MirroredFile, MirrorTarget } from './mirror-target.ts'

const draftPrefix = '.nightshift-mirror-'

/** A folder: a disk, a share that is mounted. */
export class FolderTarget implements MirrorTarget {
  readonly description: string
  readonly #root: string

  constructor(root: string) {
    this.#root = root
    this.description = `folder ${root}`
  }

  async *list(signal: AbortSignal): AsyncGenerator<MirroredFile> {
    const waiting: string[] = ['']
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      signal.throwIfAborted()
      for (const entry of await this.#entries(folder)) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        if (entry.isDirectory()) waiting.push(path)
        else if (entry.isFile() && !entry.name.startsWith(draftPrefix)) {
          const found = await this.find(path)
          if (found !== undefined) yield found
        }
      }
    }
  }

  async find(path: string): Promise<MirroredFile | undefined> {
    try {
      const stat = await lstat(join(this.#root, path))
      return stat.isFile() ? { path, sizeBytes: stat.size, modifiedMs: stat.mtimeMs, keepsTime: true, md5: null } : undefined
    } catch (error) {
      if (isGone(error)) return undefined
      throw this.#told(error)
    }
  }

  async put(path: string, { file, modifiedMs }: { file: string; modifiedMs: number }, signal: AbortSignal): Promise<void> {
    const place = join(this.#root, path)
    const draft = join(dirname(place), `${draftPrefix}${randomBytes(6).toString('hex')}`)
    try {
      await mkdir(dirname(place), { recursive: true, mode: 0o750 })
      try {
        const source = createReadStream(file, { flags: 'r' })
        await pipeline(source, createWriteStream(draft, { flags: 'wx', mode: 0o640 }), { signal })
        const written = await open(draft, constants.O_RDONLY)
        try {
          await written.sync()
        } finally {
          await written.close()
        }
        await utimes(draft, modifiedMs / 1000, modifiedMs / 1000)
        await rename(draft, place)
      } finally {
        await rm(draft, { force: true })
      }
    } catch (error) {
      signal.throwIfAborted()
      throw this.#told(error)
    }
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.#root, path), { force: true })
  }

  close(): void {}

  /** A mirror that is not there yet is empty. */
  async #entries(folder: string) {
    try {
      return await readdir(join(this.#root, folder), { withFileTypes: true })
    } catch (error) {
      if (isGone(error)) return []
      throw this.#told(error)
    }
  }

  #told(error: unknown): unknown {
    return localError(this.description, error)
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { ArchiveFile, ArchiveWriter } from './archive-writer.ts'

const linkMode = 0o120_777
const fileMode = 0o100_000

/** A zip, one entry at a time. Owners have no place in it. */
export class ZipWriter implements ArchiveWriter {
  readonly #zip = new ZipFile()

  get stream(): Readable {
    return this.#zip.outputStream as Readable
  }

  folder(path: string, about: ArchiveFile): Promise<void> {
    this.#zip.addEmptyDirectory(path, { mtime: about.modified, mode: about.mode })
    return Promise.resolve()
  }

  async file(path: string, about: ArchiveFile, content: Readable): Promise<void> {
    const over = once(content, 'close')
    content.on('error', (error) => this.stream.destroy(error))
    this.#zip.addReadStream(content, path, { mtime: about.modified, mode: fileMode | about.mode, size: about.sizeBytes })
    // The next one is only opened when this one is written: nothing piles up.
    await over
  }

  link(path: string, about: ArchiveFile, target: string): Promise<void> {
    this.#zip.addBuffer(Buffer.from(target), path, { mtime: about.modified, mode: linkMode, compress: false })
    return Promise.resolve()
  }

  end(): Promise<void> {
    this.#zip.end()
    return Promise.resolve()
  }
}

import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { createGzip } from 'node:zlib'
import { createTarPacker, type TarHeader } from 'modern-tar'
import type { ArchiveFile, ArchiveWriter } from './archive-writer.ts'

/** Longer names and links go into records of their own. */
const maxNameBytes = 100

/** A tar, compressed with gzip, with modes, owners and times. */
export class TarWriter implements ArchiveWriter {
  readonly stream: Readable
  readonly #packer = createTarPacker()

  constructor() {
    const plain = Readable.fromWeb(this.#packer.readable as WebStream)
    const gzip = createGzip()
    plain.on('error', (error) => gzip.destroy(error))
    this.stream = plain.pipe(gzip)
  }

  async folder(path: string, about: ArchiveFile): Promise<void> {
    await this.#packer.controller.add({ ...header(path, about), type: 'directory', size: 0 }).close()
  }

  async file(path: string, about: ArchiveFile, content: Readable): Promise<void> {
    const writer = this.#packer.controller.add({ ...header(path, about), type: 'file', size: about.sizeBytes }).getWriter()
    for await (const piece of content as AsyncIterable<Buffer>) await writer.write(piece)
    await writer.close()
  }

  async link(path: string, about: ArchiveFile, target: string): Promise<void> {
    const pax = Buffer.byteLength(target) > maxNameBytes ? { pax: { linkpath: target } } : {}
    await this.#packer.controller
      .add({ ...header(path, about), ...pax, type: 'symlink', size: 0, linkname: target.slice(0, maxNameBytes) })
      .close()
  }

  end(): Promise<void> {
    this.#packer.controller.finalize()
    return Promise.resolve()
  }
}

function header(name: string, about: ArchiveFile): Omit<TarHeader, 'size' | 'type'> {
  const { modified: mtime, mode, uid, gid, user, group } = about
  return { name, mtime, mode, uid, gid, ...(user === undefined ? {} : { uname: user }), ...(group === undefined ? {} : { gname: group }) }
}

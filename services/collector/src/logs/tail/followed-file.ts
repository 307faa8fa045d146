import { open, type FileHandle } from 'node:fs/promises'
import type { LineOrigin } from '../record.ts'
import type { LineCounts, SourceSink } from '../sources/log-source.ts'
import { beginsWith, firstLineMark, isWholeHead, readHead, storeHead, type StoredHead } from './file-head.ts'
import { countLines, splitLines } from './line-splitter.ts'

/** Where one file was left. */
export interface FilePosition {
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly head: StoredHead
  readonly offset: number
  readonly skipping: boolean
  /** It has another name now, and is only read to its end. */
  readonly isRotated: boolean
}

/** What reading needs besides the file. */
export interface ReadTools {
  /** The slice that is read into; longer than the longest line. */
  readonly slice: Buffer
  readonly maxLineBytes: number
  readonly counts: LineCounts
  readonly nowMs: number
}

export type SliceOutcome = 'read' | 'end' | 'truncated'

/** One open file and how far it was read. The descriptor stays open, so that a file that was renamed or removed is read to its end. */
export class FollowedFile {
  readonly path: string
  readonly dev: number
  readonly ino: number
  offset: number
  /** Size and mtime when nothing more was there; the same again means that nothing was written. */
  lastSize = -1
  lastMtimeMs = -1
  /** When it lost its name; undefined while it is the file of that name. */
  rotatedMs: number | undefined
  grewMs = 0
  readonly #handle: FileHandle
  #head: Buffer
  #skipping: boolean
  #origin: LineOrigin | undefined

  private constructor(handle: FileHandle, stat: { dev: number; ino: number }, head: Buffer, position: StartPosition) {
    this.path = position.path
    this.dev = stat.dev
    this.ino = stat.ino
    this.offset = position.offset
    this.#handle = handle
    this.#head = head
    this.#skipping = position.skipping
  }

  /** Opens it at its end, at its beginning, or where it was left. `from` is the name under which it is found now. */
  static async open(path: string, start: 'end' | 'beginning' | FilePosition, from: string = path): Promise<FollowedFile> {
    const handle = await open(from, 'r')
    try {
      const stat = await handle.stat()
      const isNew = typeof start === 'string'
      const head = await readHead(handle, isNew ? undefined : start.head.bytes)
      const position: StartPosition = isNew ? { path, offset: start === 'end' ? stat.size : 0, skipping: false } : { ...start, path }
      // A line that is being written just now is not torn: what stands behind its newline is new.
      const skipping = start === 'end' ? await isInsideLine(handle, stat.size) : position.skipping
      return new FollowedFile(handle, stat, head, { ...position, skipping })
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async matches(position: FilePosition): Promise<boolean> {
    const { size } = await this.#handle.stat()
    return size >= position.offset && (await beginsWith(this.#handle, position.head))
  }

  /** Gives the lines of one slice to the sink. */
  async readSlice(sink: SourceSink, tools: ReadTools): Promise<SliceOutcome> {
    const { slice, maxLineBytes, counts, nowMs } = tools
    const { bytesRead } = await this.#handle.read(slice, 0, slice.length, this.offset)
    // Looked at after the slice was read: as long as the file begins as it did, the slice is from before any truncation.
    if (!(await this.#isWhatItWas(bytesRead === 0))) return 'truncated'
    if (bytesRead === 0) return 'end'
    const { ranges, consumed, skipping, cut, binary } = splitLines(slice.subarray(0, bytesRead), this.#skipping, maxLineBytes)
    if (consumed === 0) return 'end'
    for (const [from, to] of ranges) {
      const lines = slice.subarray(from, to)
      counts.lines += countLines(lines)
      sink.take(lines, nowMs, this.#named(), this.offset + from)
    }
    counts.bytes += consumed
    counts.cut += cut
    counts.binary += binary
    this.#skipping = skipping
    this.offset += consumed
    this.grewMs = nowMs
    return bytesRead === slice.length ? 'read' : 'end'
  }

  /** Nothing more will be written: a last line without a newline is a line. */
  async finish(sink: SourceSink, { slice, maxLineBytes, counts, nowMs }: ReadTools): Promise<void> {
    const { bytesRead } = await this.#handle.read(slice, 0, maxLineBytes, this.offset)
    if (bytesRead > 0 && !this.#skipping) {
      const { ranges } = splitLines(Buffer.concat([slice.subarray(0, bytesRead), Buffer.of(10)]), false, maxLineBytes)
      if (ranges.length > 0) {
        slice[bytesRead] = 10
        counts.lines++
        sink.take(slice.subarray(0, bytesRead + 1), nowMs, this.#named(), this.offset)
      }
    }
    counts.bytes += bytesRead
    this.offset += bytesRead
    this.#leave(sink)
    await this.close()
  }

  /** What stands in it now is new. */
  async restart(sink: SourceSink): Promise<void> {
    const head = await readHead(this.#handle)
    // At one instant: a position that is saved now must be the old or the new one.
    this.#leave(sink)
    this.#head = head
    this.offset = 0
    this.#skipping = false
  }

  position(): FilePosition {
    return {
      path: this.path,
      dev: this.dev,
      ino: this.ino,
      head: storeHead(this.#head),
      offset: this.offset,
      skipping: this.#skipping,
      isRotated: this.rotatedMs !== undefined,
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  async #isWhatItWas(isAtEnd: boolean): Promise<boolean> {
    if (isAtEnd && (await this.#handle.stat()).size < this.offset) return false
    const head = await readHead(this.#handle, isWholeHead(this.#head) ? this.#head.length : undefined)
    if (!head.subarray(0, this.#head.length).equals(this.#head)) return false
    this.#head = head
    return true
  }

  /** Named by its first line too: it tells the generations of a file that is truncated apart, and is the same after a restart. */
  #named(): LineOrigin {
    this.#origin ??= { key: `${this.dev}-${this.ino}-${firstLineMark(this.#head)}`, labels: { file: this.path } }
    return this.#origin
  }

  #leave(sink: SourceSink): void {
    if (this.#origin !== undefined) sink.close(this.#origin)
    this.#origin = undefined
  }
}

type StartPosition = Pick<FilePosition, 'path' | 'offset' | 'skipping'>

async function isInsideLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 && buffer[0] !== 10
}

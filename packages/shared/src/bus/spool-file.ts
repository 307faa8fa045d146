import type { FileHandle } from 'node:fs/promises'

const chunkBytes = 256 * 1024
/** Longer than any event; what is longer is damage. */
const maxLineBytes = 4 * 1024 * 1024
const newline = 0x0a

/** A line of a file with its newline: `start` to `end`. `bytes` is without the newline, undefined when the line is too long to be ours. */
export interface Line {
  readonly start: number
  readonly end: number
  readonly bytes: Buffer | undefined
}

/** The complete lines from `from` to `to`. What follows the last newline is a torn tail and is not given out. Memory stays bounded by the longest line. */
export async function* readLines(file: FileHandle, from: number, to: number): AsyncGenerator<Line> {
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let start = from
  let rest: Buffer[] = []
  let restBytes = 0
  for (let position = from; position < to;) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunkBytes, to - position), position)
    if (bytesRead === 0) return
    let used = 0
    for (let at = chunk.indexOf(newline); at !== -1 && at < bytesRead; at = chunk.indexOf(newline, used)) {
      const lengthBytes = restBytes + at - used
      const bytes = lengthBytes > maxLineBytes ? undefined : Buffer.concat([...rest, chunk.subarray(used, at)])
      const end = start + lengthBytes + 1
      yield { start, end, bytes }
      start = end
      used = at + 1
      rest = []
      restBytes = 0
    }
    restBytes += bytesRead - used
    if (restBytes <= maxLineBytes) rest.push(Buffer.from(chunk.subarray(used, bytesRead)))
    position += bytesRead
  }
}

/** Writes all of it: one write may stop short, and does so on a disk that is nearly full. */
export async function writeAll(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < data.length;) {
    const { bytesWritten } = await file.write(data, written, data.length - written, position + written)
    written += bytesWritten
  }
}

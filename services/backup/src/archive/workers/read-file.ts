import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Cutter } from './cutter.ts'
import type { FileToRead, ReadContent } from './read-request.ts'

/** The walk saw a file: should a link or a pipe have taken its place, the link is not followed and the pipe not waited for. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Reads one file to the end that was seen. `count` is told of each read. */
export function readFile(file: FileToRead, cutter: Cutter, count: (sizeBytes: number) => void): ReadContent {
  let descriptor: number | undefined
  try {
    descriptor = openSync(Buffer.from(file.path, 'latin1'), flags)
    cutter.begin(file.policy)
    let sizeBytes = 0
    while (sizeBytes < file.sizeBytes) {
      const space = cutter.space()
      const got = readSync(descriptor, space, 0, Math.min(space.length, file.sizeBytes - sizeBytes), null)
      if (got === 0) break
      sizeBytes += got
      count(got)
      cutter.filled(got)
    }
    const content = cutter.end()
    if (file.mtimeNs === null) return { content, sizeBytes, hasChanged: false }
    const stat = fstatSync(descriptor, { bigint: true })
    return { content, sizeBytes, hasChanged: stat.mtimeNs !== file.mtimeNs || stat.size !== BigInt(sizeBytes) }
  } catch (error) {
    if (!isSystemError(error)) throw error
    return { content: [], sizeBytes: 0, hasChanged: false, failure: error.code }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function isSystemError(error: unknown): error is Error & { code: string; syscall: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

import { writeSync } from 'node:fs'

const blockBytes = 4096
const zeros = Buffer.alloc(blockBytes)

/** Writes all of the bytes at a place of a file. */
export function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at, bytes.length - at, position + at)
}

/** The same with a hole for every block of zeros, in a file that is new: what was sparse stays so. */
export function writeSparse(descriptor: number, bytes: Buffer, position: number): void {
  let from = 0
  for (let at = 0; at < bytes.length;) {
    // Blocks of the file, not of the blob.
    const end = Math.min(bytes.length, at + blockBytes - ((position + at) % blockBytes))
    if (isZero(bytes, at, end)) {
      writeAll(descriptor, bytes.subarray(from, at), position + from)
      from = end
    }
    at = end
  }
  writeAll(descriptor, bytes.subarray(from), position + from)
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  return zeros.compare(bytes, from, to, 0, to - from) === 0
}

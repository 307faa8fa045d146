import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** The zstd level that restic's `auto` comes near to, in size and time. */
export const defaultCompressionLevel = 3

/** What zstd makes of bytes that do not shrink is at most so much longer; its own bound is a little lower. */
function worstBytes(plainBytes: number): number {
  return plainBytes + (plainBytes >> 8) + 512
}

/** A frame that says how long its content is. One output buffer, so that nothing has to be put together. */
export function compress(plain: Uint8Array, level: number): Buffer {
  return zstdCompressSync(plain, {
    chunkSize: worstBytes(plain.length),
    params: { [constants.ZSTD_c_compressionLevel]: level },
    pledgedSrcSize: plain.length,
  })
}

/** Throws when there is no whole frame in these bytes, or more than `maxBytes` in the frame. */
export function decompress(bytes: Uint8Array, maxBytes: number, expectedBytes?: number): Buffer {
  return zstdDecompressSync(bytes, {
    maxOutputLength: Math.max(1, maxBytes),
    ...(expectedBytes === undefined ? {} : { chunkSize: Math.max(1024, expectedBytes + 1) }),
  })
}

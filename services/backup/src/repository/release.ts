/**
 * Gives the memory of these bytes back at once, instead of when V8 finds that nobody needs them: it sees the small object, not the megabyte
 * behind it. For the results of zlib and the ciphers, which make a new buffer for each blob; nobody may look at the bytes any more. What
 * may lie in the pool that Node cuts small buffers from is left alone.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}

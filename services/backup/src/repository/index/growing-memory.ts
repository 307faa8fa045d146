const pageBytes = 65_536

/** Memory that all threads see and that grows where it is; may be posted to worker threads. */
export type GrowingMemory = WebAssembly.Memory | SharedArrayBuffer

/**
 * Takes address space for `maxBytes`, and memory only as it is used. A shared WebAssembly memory, because views of a growable
 * SharedArrayBuffer are forty times slower; that is taken where there is no WebAssembly, or too little address space for it.
 */
export function createGrowingMemory(sizeBytes: number, maxBytes: number): GrowingMemory {
  try {
    if (typeof WebAssembly === 'object')
      return new WebAssembly.Memory({ initial: pagesOf(sizeBytes), maximum: pagesOf(maxBytes), shared: true })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return new SharedArrayBuffer(sizeBytes, { maxByteLength: maxBytes })
}

/** All of the memory, at least so many bytes. Earlier views stay valid, they only end earlier. */
export function wordsOf(memory: GrowingMemory, sizeBytes: number): Int32Array {
  if (memory instanceof SharedArrayBuffer) {
    // Another thread may grow it at the same moment, and further: then ours is refused, and not needed.
    try {
      if (memory.byteLength < sizeBytes) memory.grow(sizeBytes)
    } catch (error) {
      if (memory.byteLength < sizeBytes) throw error
    }
    return new Int32Array(memory)
  }
  const missingBytes = sizeBytes - memory.grow(0) * pageBytes
  if (missingBytes > 0) memory.grow(pagesOf(missingBytes))
  return new Int32Array(memory.buffer)
}

function pagesOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / pageBytes)
}

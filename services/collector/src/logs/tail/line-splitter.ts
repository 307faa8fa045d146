/** Which parts of a slice are lines to give on. */
export interface Split {
  /** From and to, each a run of whole lines that ends with a newline. */
  readonly ranges: [from: number, to: number][]
  /** Bytes that are done with; what follows is the beginning of a line that is not complete. */
  readonly consumed: number
  /** The slice ended inside of a line whose beginning was given on or dropped: the rest of it is dropped too. */
  readonly skipping: boolean
  readonly cut: number
  readonly binary: number
}

const newline = 10

/**
 * Finds the whole lines in a slice of a file. A line longer than `maxLineBytes` is cut: a newline is written into the slice behind its
 * allowed part. Lines with zero bytes are no text and are dropped; a run of zero bytes before a line is what a truncation under a writer
 * that does not append leaves behind, and is passed over.
 */
export function splitLines(slice: Buffer, skipping: boolean, maxLineBytes: number): Split {
  let start = 0
  if (skipping) {
    start = slice.indexOf(newline) + 1
    if (start === 0) return { ranges: [], consumed: slice.length, skipping: true, cut: 0, binary: 0 }
  }
  return slice.includes(0, start) ? splitBinary(slice, start, maxLineBytes) : splitText(slice, start, maxLineBytes)
}

/** Looks at one newline per `maxLineBytes`, not at each: lines between two that are no farther apart cannot be too long. */
function splitText(slice: Buffer, start: number, maxLineBytes: number): Split {
  const ranges: Split['ranges'] = []
  let from = start
  let at = start
  let cut = 0
  let skipping = false
  while (at < slice.length) {
    const last = slice.lastIndexOf(newline, Math.min(at + maxLineBytes, slice.length - 1))
    if (last >= at) {
      at = last + 1
      continue
    }
    if (slice.length - at <= maxLineBytes) break
    if (at > from) ranges.push([from, at])
    const end = slice.indexOf(newline, at + maxLineBytes)
    slice[at + maxLineBytes] = newline
    ranges.push([at, at + maxLineBytes + 1])
    cut++
    skipping = end === -1
    at = skipping ? slice.length : end + 1
    from = at
  }
  if (at > from) ranges.push([from, at])
  return { ranges, consumed: at, skipping, cut, binary: 0 }
}

function splitBinary(slice: Buffer, start: number, maxLineBytes: number): Split {
  const ranges: Split['ranges'] = []
  let at = start
  let cut = 0
  let binary = 0
  while (at < slice.length) {
    at = skipZeros(slice, at)
    const end = slice.indexOf(newline, at)
    const stop = end === -1 ? slice.length : end
    const isLong = stop - at > maxLineBytes
    if (end === -1 && !isLong) break
    if (slice.subarray(at, stop).includes(0)) {
      binary++
    } else if (isLong) {
      slice[at + maxLineBytes] = newline
      ranges.push([at, at + maxLineBytes + 1])
      cut++
    } else {
      ranges.push([at, stop + 1])
    }
    if (end === -1) return { ranges, consumed: slice.length, skipping: true, cut, binary }
    at = end + 1
  }
  return { ranges, consumed: at, skipping: false, cut, binary }
}

function skipZeros(slice: Buffer, from: number): number {
  let at = from
  while (at < slice.length && slice[at] === 0) at++
  return at
}

/** Lines in a run of whole lines. */
export function countLines(lines: Buffer): number {
  let count = 0
  for (let at = lines.indexOf(newline); at !== -1; at = lines.indexOf(newline, at + 1)) count++
  return count
}

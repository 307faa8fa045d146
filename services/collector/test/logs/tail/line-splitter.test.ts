import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countLines, splitLines } from '../../../src/logs/tail/line-splitter.ts'

const maxLineBytes = 8

/** What the splitter should do, one line after the other, without any of its short cuts. */
function expected(file: Buffer): { lines: string[]; cut: number; binary: number } {
  const lines: string[] = []
  let cut = 0
  let binary = 0
  for (const piece of file.toString('latin1').split('\n').slice(0, -1)) {
    const line = piece.replace(/^\0+/, '')
    if (line.includes('\0')) binary++
    else if (line.length > maxLineBytes) {
      cut++
      lines.push(line.slice(0, maxLineBytes))
    } else lines.push(line)
  }
  return { lines, cut, binary }
}

/** Reads a file slice by slice as the tail does. */
function read(file: Buffer, sliceBytes: number): { lines: string[]; cut: number; binary: number } {
  const lines: string[] = []
  let [offset, skipping, cut, binary] = [0, false, 0, 0]
  for (;;) {
    const slice = Buffer.from(file.subarray(offset, offset + sliceBytes))
    const split = splitLines(slice, skipping, maxLineBytes)
    for (const [from, to] of split.ranges) {
      const text = slice.toString('latin1', from, to)
      expect(text.endsWith('\n')).toBe(true)
      expect(countLines(slice.subarray(from, to))).toBe(text.split('\n').length - 1)
      lines.push(...text.split('\n').slice(0, -1))
    }
    ;[cut, binary, skipping] = [cut + split.cut, binary + split.binary, split.skipping]
    if (split.consumed === 0) return { lines, cut, binary }
    offset += split.consumed
  }
}

test('every line of any file comes once, whole or cut, however the file is sliced', () => {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('a', 'bc', 'defghijk', 'lmnopqrst', 'x'.repeat(40), '') },
    { weight: 1, arbitrary: fc.constantFrom('\0', '\0\0\0a', 'a\0b') },
  )
  const file = fc.array(piece).map((pieces) => Buffer.from(pieces.map((text) => `${text}\n`).join(''), 'latin1'))
  fc.assert(
    fc.property(file, fc.integer({ min: 17, max: 64 }), (bytes, sliceBytes) => {
      expect(read(bytes, sliceBytes).lines).toEqual(expected(bytes).lines)
    }),
    { numRuns: 500 },
  )
})

test('a line over the bound is cut and counted, and the rest of it is passed over in the slices that follow', () => {
  const file = Buffer.from(`short\n${'y'.repeat(100)}\nlast\n`)
  expect(read(file, 20)).toEqual({ lines: ['short', 'yyyyyyyy', 'last'], cut: 1, binary: 0 })
  expect(splitLines(Buffer.from('12345678\n'), false, maxLineBytes)).toMatchObject({ cut: 0, consumed: 9 })
})

test('lines that are not text are counted and dropped, and a hole of zeros before a line is passed over', () => {
  expect(read(Buffer.from('one\nt\0w\0o\nthree\n'), 64)).toEqual({ lines: ['one', 'three'], cut: 0, binary: 1 })
  expect(read(Buffer.concat([Buffer.alloc(1000), Buffer.from('after\n')]), 64)).toEqual({ lines: ['after'], cut: 0, binary: 0 })
})

test('a line that is not complete is left for the next look', () => {
  expect(splitLines(Buffer.from('whole\npart'), false, maxLineBytes)).toMatchObject({ ranges: [[0, 6]], consumed: 6, skipping: false })
})

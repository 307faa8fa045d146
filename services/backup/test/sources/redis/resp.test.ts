import fc from 'fast-check'
import { NightshiftError } from '@nightshift/shared/errors'
import { expect, test } from 'vitest'
import { encodeCommand, ReplyReader, type Reply } from '../../../src/sources/redis/resp.ts'

function readAll(data: Buffer, pieceBytes: number): Reply[] {
  const reader = new ReplyReader()
  const replies: Reply[] = []
  for (let at = 0; at < data.length; at += pieceBytes) replies.push(...reader.push(data.subarray(at, at + pieceBytes)))
  return replies
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

test('bytes come back as they were sent, wherever they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 30 }),
      (words, size) => {
        const buffers = words.map((word) => Buffer.from(word))
        expect(readAll(encodeCommand(buffers), size)).toEqual([buffers])
      },
    ),
  )
})

test('what is no answer of Redis is refused or waited for, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('*', '$', ':', '+', '-', '1', '9', '-1', '\r\n', 'x', '\0'), { maxLength: 30 }), (parts) => {
      expect(thrownBy(() => readAll(Buffer.from(parts.join('')), 7))).toSatisfy(
        (error) => error === undefined || error instanceof NightshiftError,
      )
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeCommand, RedisRefusal, ReplyReader, type Reply } from '../../src/databases/redis/resp.ts'
import { unlessRefused } from '../refused.ts'

/** As a server would write it. */
function encode(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n')
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`)
  if (typeof reply === 'string') return Buffer.from(`$${Buffer.byteLength(reply)}\r\n${reply}\r\n`)
  if (reply instanceof RedisRefusal) return Buffer.from(`-${reply.message}\r\n`)
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encode)])
}

const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), fc.constant(null))
const anyReply = fc.oneof(leaf, fc.array(fc.oneof(leaf, fc.array(leaf))))

test('replies are read as they were written, wherever the network cuts them', () => {
  fc.assert(
    fc.property(fc.array(anyReply, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (replies, sizes) => {
      const bytes = Buffer.concat(replies.map(encode))
      const reader = new ReplyReader()
      const read: Reply[] = []
      for (let start = 0, turn = 0; start < bytes.length; turn++) {
        const end = start + (sizes[turn % sizes.length] ?? 1)
        read.push(...reader.push(bytes.subarray(start, end)))
        start = end
      }
      expect(read).toEqual(replies)
    }),
  )
})

test('any bytes give replies, a refusal as garbage, or wait for more', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
          fc.string().map((text) => Buffer.from(`*2\r\n$${text}\r\n`)),
        ),
      ),
      (chunks) => {
        const reader = new ReplyReader()
        unlessRefused(() => chunks.forEach((chunk) => reader.push(Buffer.from(chunk))))
      },
    ),
  )
})

test.each([
  ['a text', `$${2 ** 31}\r\n`],
  ['a list', '*1000000\r\n'],
  ['a nest', '*1\r\n'.repeat(100)],
  ['a line', `+${'x'.repeat(2 ** 21)}`],
])('%s that is too large is refused before it is read', (_, text) => {
  expect(() => new ReplyReader().push(Buffer.from(text))).toThrow('is not read')
})

test('a megabyte that arrives in small pieces is not read again with each of them', () => {
  const reader = new ReplyReader()
  const bytes = encode(Array.from({ length: 1000 }, () => 'x'.repeat(900)))
  const before = process.threadCpuUsage()
  let replies: Reply[] = []
  for (let start = 0; start < bytes.length; start += 1400) replies = reader.push(bytes.subarray(start, start + 1400))
  expect(replies).toHaveLength(1)
  expect(process.threadCpuUsage(before).user).toBeLessThan(1_500_000)
})

test('a command is written so that no word of it can be another', () => {
  expect(encodeCommand(['SET', 'a\r\n', 'ä']).toString()).toBe('*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$2\r\nä\r\n')
})

test('the first word of a refusal is its code', () => {
  expect(new RedisRefusal('WRONGPASS invalid username-password pair').code).toBe('WRONGPASS')
  expect(new RedisRefusal('odd').code).toBe('ERR')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprintText } from '../../../../src/logs/analysis/errors/fingerprint.ts'
import { MessageShape } from '../../../../src/logs/analysis/errors/message-shape.ts'

const shape = new MessageShape()

function shapeOf(message: string): string {
  const bytes = Buffer.from(message)
  shape.write(bytes, 0, bytes.length)
  return shape.bytes.toString('utf8', 0, shape.length)
}

test.each([
  ['timeout after 3000 ms', 'timeout after 3021 ms', 'timeout after # ms'],
  ['order 550e8400-e29b-41d4-a716-446655440000 failed', 'order 6fa459ea-ee8a-3ca4-894e-db77e160355e failed', 'order # failed'],
  ['commit da39a3ee5e6b4b0d failed', 'commit 0123456789abcdef failed', 'commit # failed'],
  ['no key \'user:12\' in "cache"', 'no key \'x\' in "other one"', 'no key "#" in "#"'],
  ['open /var/lib/a/1.sock: refused', 'open /tmp/b: refused', 'open /# refused'],
  ['mail to kim@example.com bounced', 'mail to lee2@mail.example.org bounced', 'mail to #@# bounced'],
  ["can't  connect to node12 at 10.0.0.1:5432", "can't connect to node3 at 10.2.33.4:1", "can't connect to node# at #.#.#.#:#"],
  ['카메라 7 연결 끊김', '카메라 12 연결 끊김', '카메라 # 연결 끊김'],
  ['failed\nTraceback 1', 'failed\nsomething else', 'failed'],
])('"%s" and "%s" have the same shape', (one, other, expected) => {
  expect(shapeOf(one)).toBe(expected)
  expect(shapeOf(other)).toBe(expected)
})

test('different messages have different shapes', () => {
  const messages = ['connection refused', 'connection reset', 'cannot connect', "can't connect", 'timeout']
  expect(new Set(messages.map(shapeOf)).size).toBe(messages.length)
})

test('any message has a shape of bounded length, which does not depend on the digits in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 800 }), (message) => {
      expect(Buffer.byteLength(shapeOf(message))).toBeLessThanOrEqual(1100)
    }),
  )
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (one, other) => {
      expect(shapeOf(`a ${one} b`)).toBe(shapeOf(`a ${other} b`))
    }),
  )
})

test('a fingerprint is the same in every version and on every host', () => {
  expect([fingerprintText(''), fingerprintText('timeout after # ms'), fingerprintText('a'), fingerprintText('b')]).toMatchInlineSnapshot(`
    [
      "811c9dc55db129d7",
      "79d07e2974361414",
      "e40c292cca4ca769",
      "e70c2de509b1a60a",
    ]
  `)
})

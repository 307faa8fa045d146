import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OutputTail } from '../../src/actions/output-tail.ts'

function tail(limitBytes: number, ...chunks: string[]): string {
  const output = new OutputTail(limitBytes)
  for (const chunk of chunks) output.add(Buffer.from(chunk))
  return output.text()
}

test('what fits stays as it is', () => {
  expect(tail(100, 'one\n', 'two\n')).toBe('one\ntwo\n')
})

test('of more, the last whole lines stay and the rest is counted', () => {
  expect(tail(64, 'a'.repeat(60), '\nsecond\n', 'third\n')).toBe('[61 bytes before this are cut]\nsecond\nthird\n')
})

test('a secret that the cut would halve does not show its second half', () => {
  const text = tail(64, `password=${'s'.repeat(80)}\nnext line\n`)
  expect(text).not.toContain('s'.repeat(5))
  expect(text).toContain('next line')
})

test('the rest of a private key whose head was cut off does not show', () => {
  const text = tail(120, '-----BEGIN PRIVATE KEY-----\n', 'KEYDATA\n'.repeat(20), '-----END PRIVATE KEY-----\nafter\n')
  expect(text).not.toContain('KEYDATA')
  expect(text).toContain('after')
})

test('whatever comes in whatever pieces, the text keeps its bound and ends as the output does', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('x', 'y', '\n', 'é') }), { maxLength: 50 }), (chunks) => {
      const text = tail(64, ...chunks)
      expect(text.length).toBeLessThanOrEqual(64)
      const lastLine = chunks.join('').split('\n').at(-1) ?? ''
      const keepsLastLine = Buffer.byteLength(lastLine) < 20 && chunks.join('').includes('\n')
      expect(!keepsLastLine || text.endsWith(lastLine)).toBe(true)
    }),
  )
})

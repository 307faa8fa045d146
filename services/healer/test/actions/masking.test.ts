import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskSecrets } from '../../src/actions/masking.ts'

test.each([
  ['DB_PASSWORD=hunter2 next', 'DB_PASSWORD=*** next'],
  ['"api_key": "a b c", "x": 1', '"api_key": ***, "x": 1'],
  ['token: abc.def', 'token: ***'],
  ['--password hunter2 --verbose', '--password *** --verbose'],
  ['Authorization: Bearer abcdef123456', 'Authorization: ***'],
  ['sent Bearer abcdef123456 ok', 'sent Bearer *** ok'],
  ['redis://:pw@cache:6379', 'redis://:***@cache:6379'],
  ['key AKIAIOSFODNN7EXAMPLE used', 'key *** used'],
  ['xoxb-123456789012-abcdef', '***'],
  ['SUAM6RX2KYGBIRKHH3UO4V2QBFLGSAGJFN3K6Q6TXI2B3GTCTLXTZEPUZA', '***'],
  ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-123', 'jwt ***'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nafter', '*** (private key)\nafter'],
  ['-----BEGIN PRIVATE KEY-----\nMIIE\nno end', '*** (private key)'],
])('%j is shown as %j', (text, shown) => {
  expect(maskSecrets(text)).toBe(shown)
})

test.each([
  'exit code 3',
  'restarted web in 2.1 s',
  'http://127.0.0.1:8000/health is 503',
  'Active: active (running) since Sat 2026-11-21',
])('%j stays as it is', (text) => {
  expect(maskSecrets(text)).toBe(text)
})

test('terminal control is taken out', () => {
  expect(maskSecrets('\u001b[31mred\u001b[0m \u001b]0;title\u0007bell\u0007 a\tb\nc\r\n')).toBe('red bell a\tb\nc\n')
})

test('any text is masked in time that grows with its length only', () => {
  const pieces = fc.constantFrom(
    'password',
    '=',
    ':',
    '://',
    '@',
    '"',
    "'",
    ' ',
    '-----BEGIN ',
    'PRIVATE KEY-----',
    'a',
    'Bearer ',
    'eyJ',
    '.',
    'x'.repeat(500),
    '\u001b[',
    ';',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 400, size: 'max' }), (parts) => {
      const text = parts.join('').slice(0, 65_536)
      const startedMs = performance.now()
      maskSecrets(text)
      expect(performance.now() - startedMs).toBeLessThan(1000)
    }),
    { numRuns: 50 },
  )
  for (const unit of ['a:', 'a://', 'password', '-----BEGIN ', 'password="', 'eyJaaaaaaaa.', 'x', "authorization: '", '\u001b]']) {
    const startedMs = performance.now()
    maskSecrets(unit.repeat(Math.ceil(65_536 / unit.length)))
    expect(performance.now() - startedMs).toBeLessThan(1000)
  }
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Masker } from '../../../../src/logs/analysis/masking/masker.ts'
import { clientAddress } from '../../../../src/logs/analysis/masking/address.ts'
import { analysisConfig } from '../analysed.ts'

const masker = new Masker(analysisConfig().masking)

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'.split('')
const word = (minLength: number, maxLength = minLength) => fc.string({ unit: fc.constantFrom(...letters), minLength, maxLength })
const upper = (length: number, of = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789') =>
  fc.string({ unit: fc.constantFrom(...of.split('')), minLength: length, maxLength: length })
/** What people take for passwords; no quote, blank or backslash, which end them. */
const password = fc
  .string({ unit: fc.constantFrom(...letters, ...'!#$%^*_+-.~@'.split('')), minLength: 6, maxLength: 30 })
  .filter((text) => !text.includes('[redacted]') && /^[A-Za-z0-9]/.test(text))

/** The text of a line with the secret in it, and the secret. */
const planted: fc.Arbitrary<readonly [text: string, secret: string]> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('Bearer ', 'bearer ', 'Basic ', 'Authorization: Bearer ', 'authorization=Basic ', '"Authorization":"Token '),
      word(20, 60),
    )
    .map(([head, secret]) => [head + secret, secret] as const),
  upper(16).map((rest) => [`AKIA${rest}`, rest] as const),
  fc.tuple(word(20), word(30), word(43)).map(([head, body, sign]) => [`eyJ${head}.eyJ${body}.${sign}`, body] as const),
  fc
    .tuple(
      fc.constantFrom('ghp_', 'gho_', 'ghs_', 'github_pat_', 'glpat-', 'npm_', 'sk_live_', 'sk-', 'xoxb-', 'xoxp-', 'hf_', 'AIza'),
      word(36),
    )
    .map(([head, secret]) => [head + secret, secret] as const),
  fc
    .tuple(fc.constantFrom('https://hooks.slack.com/services/T000/B000/'), word(24))
    .map(([head, secret]) => [head + secret, secret] as const),
  fc
    .tuple(
      fc.constantFrom(
        'password',
        'passwd',
        'db_password',
        'PGPASSWORD',
        'api_key',
        'apiKey',
        'API-KEY',
        'x-api-key',
        'client_secret',
        'access_token',
        'refreshToken',
        'aws_secret_access_key',
        'private_key',
        'session_id',
        'pwd',
      ),
      fc.constantFrom(
        ['=', ''],
        [': ', ''],
        [':', ''],
        ['="', '"'],
        [': "', '"'],
        ["': '", "'"],
        ['":"', '"'],
        ['\\":\\"', '\\"'],
        [' => ', ''],
        ['=', '&x=1'],
      ),
      password,
    )
    .filter(([, , secret]) => !/[&;,)]/.test(secret))
    .map(
      ([key, [between = '', after = ''], secret]) =>
        [`${between.startsWith('"') || between.startsWith("'") ? between[0] : ''}${key}${between}${secret}${after}`, secret] as const,
    ),
  fc
    .tuple(
      fc.constantFrom('postgres', 'https', 'redis', 'mongodb+srv', 'nats'),
      password.filter((text) => !/[#?/]/.test(text)),
    )
    .map(([scheme, secret]) => [`${scheme}://app:${secret}@db.internal:5432/x`, secret] as const),
  fc
    .tuple(word(3, 12), fc.constantFrom('example.com', 'mail.example.co.kr'))
    .map(([name, domain]) => [`${name}@${domain}`, `${name}@${domain}`] as const),
  word(60).map((body) => [`-----BEGIN RSA PRIVATE KEY-----\n${body}\n-----END RSA PRIVATE KEY-----`, body] as const),
  word(60).map((body) => [`-----BEGIN PRIVATE KEY-----\\n${body}`, body] as const),
  upper(50, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567').map((rest) => [`SUA${rest}`, rest] as const),
  fc
    .constantFrom('4111111111111111', '4111 1111 1111 1111', '5500-0000-0000-0004', '378282246310005')
    .map((number) => [number, number] as const),
  fc.tuple(word(8, 20), word(8, 20)).map(([one, two]) => [`Cookie: sid=${one}; theme=${two}`, two] as const),
)
const around = fc.constantFrom('', ' ', 'user 12 said: ', 'GET /x?a=1 ', '{"msg":"', '한글 ', '\t', '(', '"', '\n')

test('no planted secret survives, wherever in a text it stands', () => {
  fc.assert(
    fc.property(around, planted, around, (before, [text, secret], after) => {
      expect(masker.text(`${before}${text}${after}`)).not.toContain(secret)
    }),
    { numRuns: 3000 },
  )
})

test('no planted secret survives beside another one, in a field, or in a key', () => {
  fc.assert(
    fc.property(planted, planted, ([one, first], [other, second]) => {
      const masked = masker.text(`${one} ${other}`)
      expect(masked).not.toContain(first)
      expect(masked).not.toContain(second)
      const fields = JSON.stringify(masker.fields({ note: one, [other]: 1 }))
      expect(fields).not.toContain(JSON.stringify(first).slice(1, -1))
      expect(fields).not.toContain(JSON.stringify(second).slice(1, -1))
    }),
    { numRuns: 1000 },
  )
})

test('what stands under the key of a secret goes as a whole, numbers too; counts and flags stay', () => {
  const fields = {
    password: 'x',
    'user.apiKey': 12345,
    'headers.Cookie': 'a=b',
    token_ok: true,
    max_tokens: 4096,
    status: 200,
    credential: null,
  }
  expect(masker.fields(fields)).toEqual({
    password: '[redacted]',
    'user.apiKey': '[redacted]',
    'headers.Cookie': '[redacted]',
    token_ok: true,
    max_tokens: 4096,
    status: 200,
    credential: null,
  })
})

test.each([
  'processed frame 123456 of camera 7 in 12 ms',
  'connection from 203.0.113.7 port 50022',
  'order 1234567890123456 shipped',
  'request 550e8400-e29b-41d4-a716-446655440000 done at 2025-10-21T04:30:00.123Z',
  'Failed password for root from 203.0.113.7 port 22 ssh2',
  'GET /api/v1/users/:id 200 OK',
  'at handler (file:///app/src/main.js:12:3)',
  'basic auth is off, token bucket is full',
])('a harmless line stays as it is: %s', (line) => {
  expect(masker.text(line)).toBe(line)
})

test('what is kept around a secret tells what it was', () => {
  expect(masker.text('login of kim@example.com with password=hunter22, from https://u:p@ss@h.example/x')).toBe(
    'login of [email] with password=[redacted], from https://[redacted]@h.example/x',
  )
  expect(masker.maskedTotal).toBeGreaterThan(0)
})

test('the config adds patterns, allows texts, and switches masking or addresses off', () => {
  const own = new Masker(analysisConfig({ masking: { patterns: ['EMP-\\d{6}'], allow: ['[a-z]+@example\\.com'] } }).masking)
  expect(own.text('EMP-123456 ops@example.com kim@other.example')).toBe('[redacted] ops@example.com [email]')
  expect(new Masker(analysisConfig({ masking: { emails: false } }).masking).text('kim@example.com password=abcdefgh')).toBe(
    'kim@example.com password=[redacted]',
  )
  expect(new Masker(analysisConfig({ masking: { enabled: false } }).masking).text('password=abcdefgh')).toBe('password=abcdefgh')
})

test('a text that was made to keep the expressions busy is masked within a fraction of a second', () => {
  const pieces = [
    'a.',
    'password',
    'a@',
    '-----BEGIN PRIVATE KEY-----',
    'eyJaaaa.',
    '1 ',
    'x://',
    '"',
    '\\',
    'Bearer ',
    'cookie=',
    'secret_',
    '%40a.',
  ]
  const startedMs = performance.now()
  for (const piece of pieces) masker.text(piece.repeat(Math.ceil(16_384 / piece.length)))
  expect(performance.now() - startedMs).toBeLessThan(2000)
})

test('client addresses lose port, list and brackets, and their last part when asked', () => {
  expect(
    ['203.0.113.7', '203.0.113.7:50022', '203.0.113.7, 10.0.0.1', '[2001:db8::1]:443', '::ffff:10.0.0.1', '-', 'a b'].map((text) =>
      clientAddress(text, false),
    ),
  ).toEqual(['203.0.113.7', '203.0.113.7', '203.0.113.7', '2001:db8::1', '10.0.0.1', undefined, undefined])
  expect(['203.0.113.7', '2001:db8:1:2::5', '2001:db8::1', 'web-1.example.com'].map((text) => clientAddress(text, true))).toEqual([
    '203.0.113.0/24',
    '2001:db8:1::/48',
    '2001:db8:0::/48',
    'example.com',
  ])
})

test('a text that an own pattern takes too long for goes as a whole', () => {
  const open = () => new Masker({ enabled: true, emails: true, patterns: ['(?:x+)+!'], allow: [] })
  const startedMs = performance.now()
  expect(open().text('the pin is xx! and more')).toBe('the pin is [redacted] and more')
  expect(open().text(`the pin is ${'x'.repeat(60)}`)).toBe('[redacted]')
  expect(performance.now() - startedMs).toBeLessThan(3000)
})

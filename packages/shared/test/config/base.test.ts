import { baseConfigSchema } from '@nightshift/shared/config/base'
import { describe, expect, test } from 'vitest'

const seed = `SU${'A'.repeat(56)}`

/** `path message` of everything that is wrong with a `nats:` section. */
function natsMistakes(nats: unknown): string[] {
  const issues = baseConfigSchema.safeParse({ nats }).error?.issues ?? []
  return issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
}

describe('logging in', () => {
  test.each([[{}], [{ creds_file: 'a.creds' }], [{ nkey: seed }], [{ user: 'a', password: 'b' }]])('%j is one way or none', (nats) => {
    expect(natsMistakes(nats)).toEqual([])
  })

  test.each([
    [{ creds_file: 'a.creds', nkey: seed }, 'nats.nkey is a second way to log in beside creds_file'],
    [{ creds_file: 'a.creds', user: 'a', password: 'b' }, 'nats.user is a second way to log in beside creds_file'],
    [{ user: 'a' }, 'nats.user needs a password'],
    [{ password: 'a' }, 'nats.password needs a user'],
    [{ nkey: 'UAB' }, 'nats.nkey is not the seed of a user; it has 58 characters and begins with SU'],
  ])('%j is not', (nats, mistake) => {
    expect(natsMistakes(nats)).toEqual([mistake])
  })
})

describe('an address of the bus', () => {
  test.each([
    'nats://127.0.0.1:4222',
    'tls://nats.example.com',
    'nats.example.com:4222',
    'localhost',
    'nats://[::1]:4222',
    '[2001:db8::1]',
  ])('%s is one', (server) => {
    expect(natsMistakes({ servers: [server] })).toEqual([])
  })

  test.each([
    ['http://nats:4222', 'http:// is not supported'],
    ['nats://a:b@nats', 'holds a login, which would not be used'],
    ['nats:99999', 'port 99999 does not exist'],
    ['nats server', 'is not the address of a NATS server'],
    ['nats://', 'is not the address of a NATS server'],
    ['nats://a/b', 'is not the address of a NATS server'],
  ])('%s is none', (server, mistake) => {
    expect(natsMistakes({ servers: [server] })).toEqual([`nats.servers.0 ${mistake}`])
  })
})

test('a certificate and its key come together', () => {
  expect(natsMistakes({ tls: { cert_file: 'a', key_file: 'b', ca_file: 'c' } })).toEqual([])
  expect(natsMistakes({ tls: { cert_file: 'a' } })).toEqual(['nats.tls.cert_file is of no use without key_file'])
  expect(natsMistakes({ tls: { key_file: 'a' } })).toEqual(['nats.tls.key_file is of no use without cert_file'])
})

test('checks across keys do not stumble over other mistakes', () => {
  expect(natsMistakes({ user: 1, nkey: seed, tls: { cert_file: 2 } })).toHaveLength(4)
  expect(natsMistakes('nats://a')).toHaveLength(1)
  expect(natsMistakes(null)).toHaveLength(1)
})

test('the defaults are those of the design', () => {
  expect(baseConfigSchema.parse({})).toMatchObject({
    namespace: 'ops',
    streams: { replicas: 1, metrics: { max_age: 6 * 3_600_000, max_bytes: 512 * 1024 ** 2, storage: 'file' } },
    http: { address: '127.0.0.1' },
    up: { data: './data', nats_listen: '127.0.0.1', nats_port: 4222, console_port: 8484, open: true },
  })
})

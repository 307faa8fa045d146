import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serverAddress } from '../../src/databases/server-address.ts'

test('an address is what stands in the config, and else the default', () => {
  expect(serverAddress({}, 5432)).toMatchObject({
    host: '127.0.0.1',
    port: 5432,
    user: undefined,
    tls: undefined,
    target: '127.0.0.1:5432',
  })
  expect(serverAddress({ host: '::1', port: 1 }, 5432).target).toBe('[::1]:1')
  expect(serverAddress({ socket: '/run/redis.sock' }, 6379).target).toBe('/run/redis.sock')
})

test('a URL says it all, and its parts may hold anything that is encoded', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ minLength: 1, unit: 'grapheme' }), (user, password) => {
      const url = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@db.example.com:6000/shop`
      const address = serverAddress({ url }, 5432)
      expect(address).toMatchObject({ host: 'db.example.com', port: 6000, user, password, database: 'shop', target: 'db.example.com:6000' })
    }),
  )
})

test('a protocol that means TLS is encrypted and verified', () => {
  expect(serverAddress({ url: 'rediss://[::1]' }, 6379, ['rediss'])).toMatchObject({ host: '::1', port: 6379, tls: { insecure: false } })
  expect(serverAddress({ url: 'redis://[::1]' }, 6379, ['rediss']).tls).toBeUndefined()
})

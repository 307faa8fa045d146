import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { blobIdOf } from '../../src/repository/blob.ts'
import { parseKeyFile } from '../../src/repository/key-file.ts'
import { addKey, listKeys, removeKey, rotateKey } from '../../src/repository/keys.ts'
import { Repository } from '../../src/repository/repository.ts'
import { cheapKdf, newRepository, owner } from './new-repository.ts'
import { outcomeOf } from './outcome.ts'

test('each of several passwords opens the repository, and one that was taken away does not', async () => {
  const { store, repository } = await newRepository()
  const secondId = await addKey(repository, owner('second', { host: 'other', nowMs: Date.UTC(2026, 10, 21) }))
  expect((await Repository.open(store, { password: 'second' })).keyId).toBe(secondId)
  expect(await listKeys(repository)).toContainEqual({
    keyId: secondId,
    createdAt: '2026-11-21T00:00:00.000Z',
    host: 'other',
    username: 'tester',
  })

  await removeKey(repository, secondId)
  await expect(Repository.open(store, { password: 'second' })).rejects.toMatchObject({ code: 'wrong_password' })
  expect((await Repository.open(store, { password: 'first' })).id).toBe(repository.id)
})

test('the key in use and a key that is not there are not removed', async () => {
  const { repository } = await newRepository()
  await expect(removeKey(repository, repository.keyId)).rejects.toMatchObject({ code: 'key_in_use' })
  await expect(removeKey(repository, 'ab'.repeat(32))).rejects.toMatchObject({ code: 'key_unknown' })
  expect(await listKeys(repository)).toHaveLength(1)
})

test('after a rotation the new password opens the same master key, and the old one nothing', async () => {
  const { store, repository } = await newRepository()
  await rotateKey(repository, owner('new'))
  expect((await Repository.open(store, { password: 'new' })).keys).toEqual(repository.keys)
  await expect(Repository.open(store, { password: 'first' })).rejects.toMatchObject({ code: 'wrong_password' })
})

test('an empty password is refused before anything is written', async () => {
  const store = new MemoryStore()
  await expect(Repository.create(store, owner(''))).rejects.toMatchObject({ code: 'empty_password' })
  expect((await store.room()).usedBytes).toBe(0)
})

test('a damaged key file is named, and does not keep other passwords from working', async () => {
  const { store, repository } = await newRepository()
  const secondId = await addKey(repository, owner('second'))
  const bytes = await store.read({ type: 'key', id: secondId })
  await store.remove({ type: 'key', id: secondId })
  await store.write({ type: 'key', id: secondId }, bytes.subarray(0, 100))

  expect((await Repository.open(store, { password: 'first' })).id).toBe(repository.id)
  await expect(Repository.open(store, { password: 'second' })).rejects.toThrow(secondId.slice(0, 8))
  expect(await listKeys(repository)).toHaveLength(1)

  await store.remove({ type: 'key', id: repository.keyId })
  await expect(Repository.open(store, { password: 'second' })).rejects.toMatchObject({ code: 'key_damaged' })
})

const good = { kdf: 'scrypt', ...cheapKdf, salt: Buffer.alloc(64).toString('base64'), data: Buffer.alloc(64).toString('base64') }

test('a key file that asks for gigabytes of memory or for hours is refused before it is tried', async () => {
  const { store } = await newRepository()
  const hostile = [
    { N: 2 ** 24 },
    { N: 2 ** 10, r: 2 ** 20 },
    { r: 1024, p: 1024 },
    { N: 1000 },
    { N: -2 },
    { p: 1e300 },
    { kdf: 'argon2' },
  ]
  for (const change of hostile) {
    const bytes = Buffer.from(JSON.stringify({ ...good, ...change }))
    expect(() => parseKeyFile(bytes)).toThrow(expect.objectContaining({ code: 'key_damaged' }))
    await store.write({ type: 'key', id: blobIdOf(bytes) }, bytes)
  }
  expect((await Repository.open(store, { password: 'first' })).version).toBe(2)
})

test('whatever a key file holds, it is refused by a code', () => {
  const names = fc.constantFrom('kdf', 'N', 'r', 'p', 'salt', 'data', 'created')
  const mutated = fc.tuple(names, fc.jsonValue()).map(([name, value]) => JSON.stringify({ ...good, [name]: value }))
  fc.assert(
    fc.property(fc.oneof(mutated, fc.json(), fc.string()), (text) => {
      const { N, r } = outcomeOf(() => parseKeyFile(Buffer.from(text))) ?? cheapKdf
      expect(128 * N * r).toBeLessThanOrEqual(512 * 1024 * 1024)
    }),
    { numRuns: 500 },
  )
})

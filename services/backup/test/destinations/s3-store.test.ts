import { join } from 'node:path'
import { DeleteObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { s3Obstacle, startS3, type S3Server } from '@nightshift/test-servers/s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { nameOf } from '../../src/destinations/layout.ts'
import { clientOptions } from '../../src/destinations/s3/s3-options.ts'
import { S3Store } from '../../src/destinations/s3/s3-store.ts'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'
import { copyFiles, countFiles, makeTree, restoredSha256 } from './restic-bed.ts'
import { makeBucket, s3Config } from './s3-bed.ts'
import { describeStore, fileFor, put } from './store-conformance.ts'

const obstacle = s3Obstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: a real S3 server keeps repositories: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)('a real S3 server', () => {
  let server: S3Server

  beforeAll(async () => {
    server = await startS3()
    await makeBucket(server)
  }, 60_000)

  afterAll(async () => await server?.stop())

  for (const prefix of ['plain', "a b/+%41=&'/백업"]) {
    describeStore(
      `a repository in a bucket, below ${prefix}`,
      async () => ({ store: new S3Store(s3Config(server, { prefix }), { pageSize: 100 }), remove: async () => {} }),
      { many: 350 },
    )
  }

  describe.each(resticBinaries())('and %s', (binary) => {
    it('read what the other wrote, at the same places', async () => {
      vi.stubEnv('AWS_ACCESS_KEY_ID', server.accessKeyId)
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.secretAccessKey)
      await withFolder(async (folder) => {
        const { path, sha256 } = await makeTree(folder)
        const original = new Restic(binary, join(folder, 'repository'))
        await original.run('init')
        await original.run('backup', path)
        const prefix = `restic/${binary.length}`
        const store = new S3Store(s3Config(server, { prefix }))
        await copyFiles(new LocalStore(original.folder), store)
        const inBucket = new Restic(binary, `s3:${server.endpoint}/backups/${prefix}`)
        await inBucket.run('check', '--read-data')
        await inBucket.run('restore', 'latest', '--target', join(folder, 'restored'))
        expect(await restoredSha256(join(folder, 'restored'), path)).toBe(sha256)
        await inBucket.run('backup', '--force', path, binary)
        const files = await countFiles(store)
        expect(files.damaged).toBe(0)
        expect(files.total).toBeGreaterThan((await countFiles(new LocalStore(original.folder))).total)
        expect(await Array.fromAsync(store.list('snapshot'))).toHaveLength(2)
        await store.close()
      })
      vi.unstubAllEnvs()
    }, 120_000)
  })

  it('takes a body of more than 64 MiB in parts, and forgets those that were never completed', async () => {
    const store = new S3Store(s3Config(server, { prefix: 'large' }))
    const bytes = Buffer.alloc(70 * 1024 ** 2, 'large ')
    const file = await put(store, 'data', bytes)
    expect((await store.read(file)).equals(bytes)).toBe(true)
    await store.write(file, bytes)
    const other = fileFor('data', bytes.subarray(1))
    const controller = new AbortController()
    const writing = store.write(other, bytes.subarray(1), controller.signal)
    setTimeout(() => controller.abort(new Error('enough')), 100)
    await expect(writing).rejects.toThrow('enough')
    expect(await store.sizeOf(other)).toBeUndefined()
    await store.sweep(0, Date.now() + 60_000)
    expect(await store.sweep(0, Date.now() + 60_000)).toBe(0)
    await store.close()
  }, 60_000)

  it('retains what Object Lock retains, but not the locks of a run', async () => {
    await makeBucket(server, 'locked', { hasLocks: true })
    const store = new S3Store(s3Config(server, { bucket: 'locked', lock: { retain: '1d' } }))
    const bytes = Buffer.from('a pack')
    const file = await put(store, 'data', bytes)
    const lock = await put(store, 'lock', Buffer.from('a lock'))
    await store.remove(lock)
    expect(await store.sizeOf(lock)).toBeUndefined()
    expect(await store.read(file)).toEqual(bytes)
    const client = new S3Client(clientOptions(s3Config(server)))
    const head = await client.send(new HeadObjectCommand({ Bucket: 'locked', Key: nameOf(file) }))
    expect(head.ObjectLockMode).toBe('GOVERNANCE')
    expect(head.ObjectLockRetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + 86_000_000)
    const removal = new DeleteObjectCommand({ Bucket: 'locked', Key: nameOf(file), VersionId: head.VersionId })
    await expect(client.send(removal)).rejects.toMatchObject({ name: 'AccessDenied' })
    client.destroy()
    await store.close()
  })

  it('says what is wrong with the login, the bucket and the address, each in one sentence', async () => {
    const cases: [changes: Record<string, unknown>, code: string, words: string][] = [
      [{ secret_access_key: 'wrong' }, 'store_denied', 'secret_access_key does not belong to access_key_id'],
      [{ access_key_id: 'nobody' }, 'store_denied', 'does not know access_key_id'],
      [{ bucket: 'elsewhere' }, 'store_not_found', 'there is no such bucket'],
      [{ endpoint: 'http://127.0.0.1:1' }, 'store_unreachable', 'is endpoint right, and the server up?'],
    ]
    for (const [changes, code, words] of cases) {
      const store = new S3Store(s3Config(server, changes))
      const file = fileFor('data', Buffer.from('x'))
      const attempts = [() => store.write(file, Buffer.from('x')), () => Array.fromAsync(store.list('data')), () => store.read(file)]
      for (const attempt of attempts)
        await expect(attempt()).rejects.toMatchObject({
          code,
          message: expect.stringContaining(words),
          transient: code === 'store_unreachable',
        })
      await expect(store.create()).rejects.toMatchObject({ code })
      await expect(store.sizeOf(file)).rejects.toMatchObject({ code })
      await store.close()
    }
  }, 60_000)
})

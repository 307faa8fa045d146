import { expect, test } from 'vitest'
import { BlobWriter } from '../../src/repository/blob-writer.ts'
import { blobIdOf } from '../../src/repository/blob.ts'
import { packBytes } from '../../src/repository/pack/pack-header.ts'
import { readPackHeader } from '../../src/repository/pack/read-pack-header.ts'
import { Repository } from '../../src/repository/repository.ts'
import { goldenStore } from './golden.ts'
import { keystream } from './keystream.ts'

/** Made by `restic init` (passwords golden and second) and `restic backup --host golden notes` of Debian's 0.14.0 and of 0.19.1. */
const repositories = ['restic-0.14', 'restic-0.14-v1', 'restic-0.19'] as const

const long = Buffer.from(Array.from({ length: 4000 }, (_, at) => `line ${at} of a text that compresses well\n`).join(''))
const contents = [Buffer.from('a'), keystream(3000, 1)]

test.each(repositories)('the repository of %s opens with each of its passwords, and all that is in it is read', async (name) => {
  const store = await goldenStore(name)
  const repository = await Repository.open(store, { password: 'golden' })
  expect((await Repository.open(store, { password: 'second' })).keys).toEqual(repository.keys)
  expect(repository.version).toBe(name.endsWith('v1') ? 1 : 2)

  await repository.loadIndex()
  for (const content of name.endsWith('v1') ? contents : [...contents, long])
    expect((await repository.readBlob('data', blobIdOf(content))).equals(content)).toBe(true)
  const snapshots: unknown[] = []
  for await (const { id } of store.list('snapshot')) snapshots.push(await repository.readJson('snapshot', id))
  expect(snapshots).toEqual([expect.objectContaining({ hostname: 'golden', tree: expect.stringMatching(/^[0-9a-f]{64}$/) })])
  const { tree } = snapshots[0] as { tree: string }
  expect((await repository.readBlob('tree', tree)).toString()).toMatch(/^{"nodes":\[{"name":"notes","type":"dir".*}\]}\n$/)
  expect(await comparePacks(repository)).toBe(2)
})

/** The header of each pack against the index; how many packs there are. */
async function comparePacks(repository: Repository): Promise<number> {
  let packs = 0
  for await (const { id, sizeBytes } of repository.store.list('data')) {
    const blobs = await readPackHeader(repository.store, repository.seal, id, sizeBytes)
    expect(new Set(blobs)).toEqual(new Set(repository.index.blobsOf(id)))
    expect(packBytes(blobs)).toBe(sizeBytes)
    packs++
  }
  return packs
}

test('a repository of version 1 is read only, and the message says how to change that', async () => {
  const repository = await Repository.open(await goldenStore('restic-0.14-v1'), { password: 'golden' })
  expect(() => new BlobWriter(repository)).toThrow(
    expect.objectContaining({ code: 'repository_too_old', message: expect.stringContaining('migrate') }),
  )
})

import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { BlobWriter } from '../../src/repository/blob-writer.ts'
import type { ChunkPolicy } from '../../src/repository/chunker/chunk-policy.ts'
import { createChunker } from '../../src/repository/chunker/chunker.ts'
import { addKey, removeKey } from '../../src/repository/keys.ts'
import { Repository } from '../../src/repository/repository.ts'
import { Restic, resticBinaries, resticPassword, withFolder } from '../snapshot/restic.ts'
import { cheapKdf, owner } from './new-repository.ts'

const file = Buffer.concat([randomBytes(6_000_000), Buffer.alloc(3_000_000, 'compresses well, '), randomBytes(1_000_000)])

/** How many of the file's chunks are new. */
async function saveFile(repository: Repository, policy: ChunkPolicy = { kind: 'rabin' }): Promise<{ all: number; added: number }> {
  const writer = new BlobWriter(repository, { targetBytes: 2_000_000 })
  const chunker = createChunker(policy, repository.polynomial)
  let [all, added] = [0, 0]
  for (let from = 0; from < file.length; all++) {
    const length = chunker.cut(file.subarray(from), true)
    if ((await writer.save('data', file.subarray(from, from + length))).isNew) added++
    from += length
  }
  await writer.flush()
  return { all, added }
}

async function withFile<Result>(work: (folder: string, source: string) => Promise<Result>): Promise<Result> {
  return await withFolder(async (folder) => {
    const source = join(folder, 'source')
    await mkdir(source)
    await writeFile(join(source, 'file.bin'), file)
    return await work(join(folder, 'repository'), source)
  })
}

const binaries = resticBinaries()

describe.skipIf(binaries.length === 0).each(binaries.length === 0 ? ['no path: there is none'] : binaries)(
  'the real restic at %s',
  (binary) => {
    test('finds no fault in a repository that we made, and has nothing to add for a file whose chunks we stored', async () => {
      await withFile(async (folder, source) => {
        const restic = new Restic(binary, folder)
        const repository = await Repository.create(new LocalStore(folder), owner(resticPassword))
        const { added } = await saveFile(repository)
        expect(added).toBeGreaterThan(1)
        await restic.run('check', '--read-data')
        await restic.run('backup', '--host', 'h', source)
        const { total_blob_count: blobs } = await restic.json<{ total_blob_count: number }>('stats', '--mode', 'raw-data')
        await repository.loadIndex()
        // Trees are the only blobs of restic's own.
        const types = Array.from(repository.index.packs(), (packId) => repository.index.blobsOf(packId)).flat()
        expect(types.filter((blob) => blob.type === 'data')).toHaveLength(added)
        expect(types).toHaveLength(blobs)
        await restic.run('check', '--read-data')
      })
    })

    test('made a repository in which we find every chunk of the file already, and which stays sound with ours', async () => {
      await withFile(async (folder, source) => {
        const restic = new Restic(binary, folder)
        await restic.run('init')
        await restic.run('backup', source)
        const repository = await Repository.open(new LocalStore(folder), { password: resticPassword })
        await repository.loadIndex()
        expect(await saveFile(repository)).toEqual({ all: expect.any(Number), added: 0 })
        for (const policy of [{ kind: 'small' }, { kind: 'fixed', sizeBytes: 16_384 }] as const)
          expect((await saveFile(repository, policy)).added).toBeGreaterThan(100)
        await restic.run('check', '--read-data')
      })
    })

    test('opens with a key that we added, and no longer when we took it away; and we open with a key that it added', async () => {
      await withFolder(async (folder) => {
        const restic = new Restic(binary, folder)
        const repository = await Repository.create(new LocalStore(folder), owner('ours'))
        expect(await restic.failure('list', 'keys')).toMatch(/wrong password/)
        const keyId = await addKey(repository, { ...owner(resticPassword), kdf: { ...cheapKdf, N: 32_768 } })
        expect((await restic.run('list', 'keys')).trim().split('\n').toSorted()).toEqual([keyId, repository.keyId].toSorted())

        await withFolder(async (other) => {
          await writeFile(join(other, 'password'), 'theirs')
          await restic.run('key', 'add', '--new-password-file', join(other, 'password'))
        })
        expect((await Repository.open(new LocalStore(folder), { password: 'theirs' })).id).toBe(repository.id)
        await removeKey(repository, keyId)
        expect(await restic.failure('list', 'keys')).toMatch(/wrong password/)
      })
    })
  },
)

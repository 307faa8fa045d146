import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'
import { loadSnapshot } from '../../src/snapshot/snapshot.ts'
import { backUp, folderMaterial, openRepository, restoreTo } from './archive-scene.ts'
import { differences, looksOf, makeNastyTree } from './nasty-tree.ts'

async function withTree<Result>(work: (places: { source: string; folder: string; to: string }) => Promise<Result>): Promise<Result> {
  return await withFolder(async (own) => {
    const source = join(own, 'source')
    mkdirSync(source)
    makeNastyTree(source)
    return await work({ source, folder: join(own, 'repository'), to: join(own, 'restored') })
  })
}

/** restic makes its key as slow as the machine allows. */
const timeoutMs = 120_000

const binaries = resticBinaries()

describe.skipIf(binaries.length === 0).each(binaries.length === 0 ? ['no path: there is none'] : binaries)(
  'the real restic at %s',
  { timeout: timeoutMs },
  (binary) => {
    test('finds no fault in our backup, restores it as it was, and has no data to add to it', async () => {
      await withTree(async ({ source, folder, to }) => {
        const repository = await openRepository(folder)
        const { snapshot, skipped } = await backUp(repository, folderMaterial(source))
        expect(skipped).toEqual([])
        const restic = new Restic(binary, folder)
        await restic.run('check', '--read-data')
        await restic.run('restore', snapshot.id, '--target', to)
        const isOld = (await restic.run('version')).includes('0.14')
        // A target that is no text is beyond restic before 0.16.
        const found = differences(looksOf(source), looksOf(join(to, source)), 0n).filter((line) => !isOld || !line.startsWith('/raw/ÿl'))
        expect(found).toEqual([])

        const before = dataBlobs(repository.index)
        await restic.run('backup', '--force', '--host', 'test-host', source)
        await repository.loadIndex()
        expect(dataBlobs(repository.index)).toBe(before)
      })
    })

    test('made the snapshot that is our parent: nothing is read again; and the other way round', async () => {
      await withTree(async ({ source, folder }) => {
        const restic = new Restic(binary, folder)
        await restic.run('init')
        await restic.run('backup', '--host', 'test-host', source)
        const repository = await openRepository(folder)
        const files = [...looksOf(source).values()].filter(({ kind }) => kind === '100000').length
        const first = await backUp(repository, folderMaterial(source))
        expect(first).toMatchObject({ filesNew: 0, filesChanged: 0, filesUnmodified: files })
        await restic.run('check', '--read-data')
        const outputs = (await restic.run('backup', '--host', 'test-host', '--json', '--parent', first.snapshot.id, source))
          .trim()
          .split('\n')
        expect(JSON.parse(outputs.at(-1) ?? '{}')).toMatchObject({ files_unmodified: files, files_new: 0, files_changed: 0 })
      })
    })

    test('made a backup that we restore as it was', async () => {
      await withTree(async ({ source, folder, to }) => {
        const restic = new Restic(binary, folder)
        await restic.run('init')
        await restic.run('backup', '--host', 'test-host', source)
        const repository = await openRepository(folder)
        const [{ id } = { id: '' }] = await restic.json<{ id: string }[]>('snapshots')
        const result = await restoreTo(repository, await loadSnapshot(repository, id), to, { verify: true })
        expect(result.problems).toEqual([])
        const isOld = (await restic.run('version')).includes('0.14')
        expect(differences(looksOf(source), looksOf(join(to, source))).filter((line) => !isOld || !line.startsWith('/raw/ÿl'))).toEqual([])
      })
    })
  },
)

function dataBlobs(index: Awaited<ReturnType<typeof openRepository>>['index']): number {
  return [...index.packs()].flatMap((packId) => index.blobsOf(packId)).filter(({ type }) => type === 'data').length
}

import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EffectError } from '@nightshift/shared/errors'
import { describe, expect, test } from 'vitest'
import { TreeReader } from '../../src/archive/tree-reader.ts'
import type { Repository } from '../../src/repository/repository.ts'
import type { TreeNode } from '../../src/snapshot/node.ts'
import { listSnapshots, type Snapshot } from '../../src/snapshot/snapshot.ts'
import { withFolder } from '../snapshot/restic.ts'
import { backUp, folderMaterial, openRepository, restoreTo, streamMaterial } from './archive-scene.ts'

const mebibyte = 1024 ** 2

async function withSource<Result>(work: (places: { source: string; folder: string; to: string }) => Promise<Result>): Promise<Result> {
  return await withFolder(async (own) => {
    const source = join(own, 'source')
    mkdirSync(source)
    return await work({ source, folder: join(own, 'repository'), to: join(own, 'restored') })
  })
}

/** All paths of a snapshot, as text. */
async function pathsOf(repository: Repository, snapshot: Snapshot): Promise<Map<string, TreeNode>> {
  const found = new Map<string, TreeNode>()
  const reader = new TreeReader(repository)
  const visit = async (tree: string, path: string): Promise<void> => {
    for (const node of await reader.read(tree)) {
      const below = `${path}/${node.name.toString()}`
      found.set(below, node)
      if (node.subtree !== undefined) await visit(node.subtree, below)
    }
  }
  await visit(snapshot.tree, '')
  return found
}

describe('a backup of a folder', { timeout: 60_000 }, () => {
  test('reads again only what has changed, and stores nothing when nothing has', async () => {
    await withSource(async ({ source, folder }) => {
      for (let number = 0; number < 200; number++) writeFileSync(join(source, `file-${number}`), randomBytes(3000))
      const repository = await openRepository(folder)
      expect(await backUp(repository, folderMaterial(source))).toMatchObject({ filesNew: 200, bytesProcessed: 600_000 })
      const again = await backUp(repository, folderMaterial(source))
      expect(again).toMatchObject({ filesNew: 0, filesChanged: 0, filesUnmodified: 200, bytesProcessed: 600_000 })
      expect(again.addedBytes).toBeLessThan(2000)
      appendFileSync(join(source, 'file-7'), 'more')
      writeFileSync(join(source, 'new'), 'new')
      unlinkSync(join(source, 'file-9'))
      const third = await backUp(await openRepository(folder), folderMaterial(source))
      expect(third).toMatchObject({ filesNew: 1, filesChanged: 1, filesUnmodified: 198 })
      expect(third.snapshot.summary).toMatchObject({ filesNew: 1, filesChanged: 1, filesUnmodified: 198, filesProcessed: 200 })
    })
  })

  test('leaves out what is excluded, caches and large files, and keeps what is taken back', async () => {
    await withSource(async ({ source, folder }) => {
      for (const name of ['keep.txt', 'a.log', 'important.log', 'huge', 'tmp/x', 'deep/tmp/y', 'cache/CACHEDIR.TAG', 'cache/thing']) {
        mkdirSync(join(source, name, '..'), { recursive: true })
        writeFileSync(join(source, name), name === 'huge' ? Buffer.alloc(mebibyte) : name)
      }
      writeFileSync(join(source, 'cache/CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n')
      const repository = await openRepository(folder)
      const exclude = ['*.log', '!important.log', 'tmp/', `${source}/never`]
      const material = folderMaterial(source, { exclude, excludeCaches: true, excludeLargerThanBytes: 1000 })
      const { snapshot } = await backUp(repository, material)
      const inside = [...(await pathsOf(repository, snapshot)).keys()]
        .filter((path) => path.startsWith(source))
        .map((path) => path.slice(source.length))
      expect(inside.toSorted()).toEqual(['', '/cache', '/cache/CACHEDIR.TAG', '/deep', '/important.log', '/keep.txt'])
    })
  })

  test('names what vanished, what became a link and what grew while it was read, and keeps the rest', async () => {
    await withSource(async ({ source, folder, to }) => {
      for (const name of ['fine', 'grows', 'swapped', 'vanishes']) writeFileSync(join(source, name), name)
      // Asked for between the look at a file and its reading.
      const chunkPolicyOf = (path: string): { kind: 'rabin' } => {
        if (path.endsWith('vanishes')) unlinkSync(path)
        if (path.endsWith('grows')) appendFileSync(path, ' and grows')
        if (path.endsWith('swapped')) {
          unlinkSync(path)
          symlinkSync('/etc/passwd', path)
        }
        return { kind: 'rabin' }
      }
      const repository = await openRepository(folder)
      const { snapshot, skipped, skippedCount } = await backUp(repository, folderMaterial(source, { chunkPolicyOf }))
      expect(skippedCount).toBe(3)
      expect(Object.fromEntries(skipped.map(({ path, reason }) => [path.slice(source.length + 1), reason]))).toEqual({
        grows: expect.stringContaining('changed while it was read'),
        swapped: expect.stringContaining('ELOOP'),
        vanishes: expect.stringContaining('vanished'),
      })
      await restoreTo(repository, snapshot, to)
      expect((await readdir(join(to, source))).toSorted()).toEqual(['fine', 'grows'])
      expect(readFileSync(join(to, source, 'grows'), 'utf8')).toBe('grows')
      // It is read again, as its time is not that of the snapshot.
      expect(await backUp(repository, folderMaterial(source))).toMatchObject({ filesUnmodified: 1, filesChanged: 1 })
    })
  })

  test('fails when the folder is not there, instead of storing an empty one', async () => {
    await withSource(async ({ source, folder }) => {
      const repository = await openRepository(folder)
      await expect(backUp(repository, folderMaterial(join(source, 'not mounted')))).rejects.toMatchObject({ code: 'source_missing' })
      expect(await listSnapshots(repository)).toEqual([])
    })
  })

  test('stores again what the repository has lost', async () => {
    await withSource(async ({ source, folder, to }) => {
      const content = randomBytes(2 * mebibyte)
      writeFileSync(join(source, 'file'), content)
      const repository = await openRepository(folder)
      await backUp(repository, folderMaterial(source))
      const lost = [...repository.index.packs()].filter((packId) => repository.index.blobsOf(packId)[0]?.type === 'data')
      for (const packId of lost) await repository.store.remove({ type: 'data', id: packId })
      repository.index.removePacks(lost)
      const { snapshot, filesUnmodified } = await backUp(repository, folderMaterial(source))
      expect(filesUnmodified).toBe(0)
      expect((await restoreTo(repository, snapshot, to)).problems).toEqual([])
      expect(readFileSync(join(to, source, 'file')).equals(content)).toBe(true)
    })
  })

  test('takes the content of a database from its copy, whatever its times say', async () => {
    await withSource(async ({ source, folder, to }) => {
      const [live, copy] = [join(source, 'live.db'), join(folder, '..', 'copy.db')]
      writeFileSync(live, 'in the middle of a write')
      const repository = await openRepository(folder)
      for (const content of ['consistent', 'consistent and newer']) {
        writeFileSync(copy, content)
        const { snapshot } = await backUp(repository, folderMaterial(source, { replace: new Map([[live, copy]]) }))
        await restoreTo(repository, snapshot, join(to, content))
        expect(readFileSync(join(to, content, live), 'utf8')).toBe(content)
      }
    })
  })
})

describe('a backup of a stream', { timeout: 60_000 }, () => {
  test('stores a dump of any size in small pieces, of which a change touches few', async () => {
    await withSource(async ({ folder, to }) => {
      const rows = Array.from({ length: 3000 }, (_, row) => Buffer.from(`${row},${randomBytes(500).toString('hex')}\n`))
      const repository = await openRepository(folder)
      await backUp(
        repository,
        streamMaterial('/postgres/shop/dump', () => rows),
      )
      rows[1500] = Buffer.from('1500,changed\n')
      const { snapshot, addedBytes } = await backUp(
        repository,
        streamMaterial('/postgres/shop/dump', () => rows),
      )
      expect(addedBytes).toBeLessThan(200_000)
      await restoreTo(repository, snapshot, to, { verify: true })
      expect(readFileSync(join(to, 'postgres/shop/dump')).equals(Buffer.concat(rows))).toBe(true)
      const manifest = (await pathsOf(repository, snapshot)).get('/.nightshift/manifest.json')
      const bytes = await repository.readBlob('data', manifest?.content?.[0] ?? '')
      expect(JSON.parse(bytes.toString())).toEqual({ facts: { counted: 1 } })
      expect(await readdir(to)).toEqual(['postgres'])
    })
  })

  test('makes no snapshot of a dump that fails in the middle, or whose source finds fault with it at the end', async () => {
    await withSource(async ({ folder }) => {
      const repository = await openRepository(folder)
      const failed = async function* (): AsyncGenerator<Buffer> {
        yield randomBytes(3 * mebibyte)
        throw new EffectError('dump_failed', 'pg_dump ended with 1')
      }
      await expect(backUp(repository, streamMaterial('/dump', failed))).rejects.toMatchObject({ code: 'dump_failed' })
      const small = {
        ...streamMaterial('/dump', () => [Buffer.from('x')]),
        finish: async () => {
          throw new EffectError('dump_too_small', 'one byte')
        },
      }
      await expect(backUp(repository, small)).rejects.toMatchObject({ code: 'dump_too_small' })
      expect(await listSnapshots(repository)).toEqual([])
    })
  })
})

describe('a run that does not end well', { timeout: 60_000 }, () => {
  test('is stopped at once, leaves a right repository without a snapshot, and the next one is complete', async () => {
    await withSource(async ({ source, folder, to }) => {
      const content = Array.from({ length: 40 }, () => randomBytes(mebibyte))
      content.forEach((bytes, number) => writeFileSync(join(source, `file-${number}`), bytes))
      const repository = await openRepository(folder)
      const stop = new AbortController()
      // Slow enough to be stopped in the middle.
      const running = backUp(repository, folderMaterial(source), { signal: stop.signal, bytesPerSecond: 8 * mebibyte })
      await delay(700)
      const startedMs = performance.now()
      stop.abort(new Error('stopped by a person'))
      await expect(running).rejects.toThrow(/stopped by a person/)
      expect(performance.now() - startedMs).toBeLessThan(15_000)
      expect(await listSnapshots(repository)).toEqual([])
      const next = await backUp(await openRepository(folder), folderMaterial(source))
      const fresh = await openRepository(folder)
      expect((await restoreTo(fresh, next.snapshot, to, { verify: true })).problems).toEqual([])
      expect(readFileSync(join(to, source, 'file-39')).equals(content[39] ?? Buffer.of())).toBe(true)
    })
  })

  test('tells why the destination refused, and nothing hangs', async () => {
    await withSource(async ({ source, folder }) => {
      for (let number = 0; number < 40; number++) writeFileSync(join(source, `file-${number}`), randomBytes(2 * mebibyte))
      const repository = await openRepository(folder)
      // A disk that goes away: no pack can be written any more.
      rmSync(join(folder, 'data'), { recursive: true })
      writeFileSync(join(folder, 'data'), 'not a folder')
      await expect(backUp(repository, folderMaterial(source))).rejects.toBeInstanceOf(EffectError)
      renameSync(join(folder, 'data'), join(folder, 'was data'))
      expect(await listSnapshots(repository)).toEqual([])
    })
  })
})

import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BlobWriter } from '../../../src/repository/blob-writer.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import type { TreeNode } from '../../../src/snapshot/node.ts'
import { saveSnapshot, type Snapshot } from '../../../src/snapshot/snapshot.ts'
import { encodeTree } from '../../../src/snapshot/tree.ts'
import { backUp, folderMaterial, openRepository, restoreTo } from '../../archive/archive-scene.ts'
import { differences, looksOf, makeNastyTree } from '../../archive/nasty-tree.ts'
import { withFolder } from '../../snapshot/restic.ts'

interface Places {
  readonly source: string
  readonly folder: string
  readonly to: string
  readonly own: string
}

async function withPlaces(work: (places: Places) => Promise<void>): Promise<void> {
  await withFolder(async (own) => {
    const source = join(own, 'source')
    mkdirSync(source)
    await work({ source, folder: join(own, 'repository'), to: join(own, 'restored'), own })
  })
}

function nodeOf(name: string, change: Partial<TreeNode>): TreeNode {
  const times = { mtimeNs: 0n, ctimeNs: 0n, atimeNs: 0n }
  return {
    name: Buffer.from(name),
    type: 'file',
    mode: 0o644,
    ...times,
    uid: 0,
    gid: 0,
    inode: 0n,
    deviceId: 0n,
    size: 0,
    links: 1,
    ...change,
  }
}

/** A snapshot of these nodes, written past all checks. */
async function forge(repository: Repository, trees: readonly (readonly TreeNode[])[], raw?: Buffer): Promise<Snapshot> {
  const writer = new BlobWriter(repository)
  let tree = ''
  for (const nodes of trees) {
    tree = (await writer.save('tree', encodeTree(nodes.map((node) => (node.type === 'dir' ? { ...node, subtree: tree } : node))))).id
  }
  if (raw !== undefined) tree = (await writer.save('tree', raw)).id
  await writer.flush()
  return await saveSnapshot(repository, { timeMs: 0, tree, paths: ['/x'], hostname: 'h', username: 'u', tags: [] })
}

describe('a restore', { timeout: 60_000 }, () => {
  test('gives back everything as it was: contents, holes, modes, owners, times, links, odd names', async () => {
    await withPlaces(async ({ source, folder, to }) => {
      makeNastyTree(source)
      const before = looksOf(source)
      const { snapshot } = await backUp(await openRepository(folder), folderMaterial(source))
      const result = await restoreTo(await openRepository(folder), snapshot, to, { verify: true })
      expect(result).toMatchObject({ problems: [], problemCount: 0, kept: 0 })
      expect(differences(before, looksOf(join(to, source)))).toEqual([])
      expect(statSync(join(to, source, 'sparse')).blocks * 512).toBeLessThan(1024 ** 2)
      expect(statSync(join(to, source, 'twin')).ino).toBe(statSync(join(to, source, 'deep/its twin')).ino)
      expect(existsSync(join(to, '.nightshift'))).toBe(false)
    })
  })

  test('gives back extended attributes', async () => {
    await withPlaces(async ({ source, folder, to }) => {
      writeFileSync(join(source, 'file'), 'x')
      let xattr
      try {
        xattr = createRequire(import.meta.url)('@napi-rs/xattr') as typeof import('@napi-rs/xattr')
        xattr.setAttributeSync(join(source, 'file'), 'user.colour', Buffer.from([0xff, 0x00]))
      } catch (error) {
        process.stderr.write(`skipped: extended attributes, because ${String(error)}\n`)
        return
      }
      const repository = await openRepository(folder)
      const { snapshot } = await backUp(repository, folderMaterial(source))
      await restoreTo(repository, snapshot, to)
      expect(xattr.getAttributeSync(join(to, source, 'file'), 'user.colour')).toEqual(Buffer.from([0xff, 0x00]))
    })
  })

  test('of some paths brings them and the folders above, and refuses a path that is not there', async () => {
    await withPlaces(async ({ source, folder, to }) => {
      for (const name of ['a/one', 'a/two', 'b/three', 'c']) {
        mkdirSync(join(source, name, '..'), { recursive: true })
        writeFileSync(join(source, name), name)
      }
      const repository = await openRepository(folder)
      const { snapshot } = await backUp(repository, folderMaterial(source))
      await restoreTo(repository, snapshot, to, { include: [join(source, 'a'), join(source, 'c')] })
      expect([...looksOf(join(to, source)).keys()].toSorted()).toEqual(['', '/a', '/a/one', '/a/two', '/c'])
      const missing = restoreTo(repository, snapshot, `${to}-2`, { include: [join(source, 'nowhere')] })
      await expect(missing).rejects.toMatchObject({ code: 'path_not_in_snapshot' })
    })
  })

  test('refuses a folder with anything in it, and replaces or keeps what is there when asked', async () => {
    await withPlaces(async ({ source, folder, to, own }) => {
      writeFileSync(join(source, 'file'), 'from the backup')
      const repository = await openRepository(folder)
      const { snapshot } = await backUp(repository, folderMaterial(source))
      mkdirSync(join(to, source), { recursive: true })
      writeFileSync(join(own, 'elsewhere'), 'not ours')
      linkSync(join(own, 'elsewhere'), join(to, source, 'file'))
      await expect(restoreTo(repository, snapshot, to)).rejects.toMatchObject({ code: 'restore_target_not_empty' })
      expect(await restoreTo(repository, snapshot, to, { existing: 'keep' })).toMatchObject({ kept: 1, files: 0 })
      expect(readFileSync(join(to, source, 'file'), 'utf8')).toBe('not ours')
      await restoreTo(repository, snapshot, to, { existing: 'replace' })
      expect(readFileSync(join(to, source, 'file'), 'utf8')).toBe('from the backup')
      // It was another name of a file that is none of ours.
      expect(readFileSync(join(own, 'elsewhere'), 'utf8')).toBe('not ours')
    })
  })

  test('does not follow a link that lies where a folder belongs', async () => {
    await withPlaces(async ({ source, folder, to, own }) => {
      mkdirSync(join(source, 'config'))
      writeFileSync(join(source, 'config/file'), 'content')
      const repository = await openRepository(folder)
      const { snapshot } = await backUp(repository, folderMaterial(source))
      mkdirSync(join(own, 'outside'))
      mkdirSync(join(to, source), { recursive: true })
      symlinkSync(join(own, 'outside'), join(to, source, 'config'))
      await restoreTo(repository, snapshot, to, { existing: 'replace' })
      expect(readdirSync(join(own, 'outside'))).toEqual([])
      expect(readFileSync(join(to, source, 'config/file'), 'utf8')).toBe('content')
    })
  })

  test('names the files that a damaged pack costs, and restores all others', async () => {
    await withPlaces(async ({ source, folder, to }) => {
      for (let number = 0; number < 30; number++) writeFileSync(join(source, `file-${number}`), randomBytes(200_000))
      const repository = await openRepository(folder)
      const { snapshot } = await backUp(repository, folderMaterial(source), { workers: 1 })
      const packId = [...repository.index.packs()].find((id) => repository.index.blobsOf(id)[0]?.type === 'data') ?? ''
      const bytes = await repository.store.read({ type: 'data', id: packId })
      const hurt = repository.index.blobsOf(packId)[3]
      if (hurt === undefined) throw new Error('the pack has fewer blobs than files')
      bytes[hurt.offset + 100] = (bytes[hurt.offset + 100] ?? 0) ^ 1
      await repository.store.remove({ type: 'data', id: packId })
      await repository.store.write({ type: 'data', id: packId }, bytes)
      const result = await restoreTo(repository, snapshot, to, { verify: true })
      expect(result).toMatchObject({ files: 29, verifiedFiles: 29, problemCount: 1 })
      expect(result.problems[0]?.reason).toContain(hurt.id)
      await repository.store.remove({ type: 'data', id: packId })
      expect((await restoreTo(repository, snapshot, `${to}-2`)).problemCount).toBe(30)
    })
  })
})

describe('a snapshot made by somebody who means harm', { timeout: 60_000 }, () => {
  test.each(['..', '../escaped', '/etc/cron.d/x', 'a/b', '.', 'nul\\x00'])('cannot write outside with the name %j', async (name) => {
    await withPlaces(async ({ folder, to, own }) => {
      const repository = await openRepository(folder)
      const times = `"mtime":"2020-01-01T00:00:00Z","atime":"2020-01-01T00:00:00Z","ctime":"2020-01-01T00:00:00Z"`
      const node = `{"name":${JSON.stringify(name)},"type":"file","mode":420,${times},"uid":0,"gid":0,"content":[]}`
      const snapshot = await forge(repository, [], Buffer.from(`{"nodes":[${node}]}\n`))
      await expect(restoreTo(repository, snapshot, to)).rejects.toMatchObject({ code: expect.stringMatching(/^tree_(damaged|hostile)$/) })
      expect(readdirSync(own).toSorted()).toEqual(['repository', 'restored', 'source'])
      expect(readdirSync(to)).toEqual([])
    })
  })

  test('cannot lead a file through a link of the same name, nor through a link to a folder', async () => {
    await withPlaces(async ({ folder, to, own }) => {
      const repository = await openRepository(folder)
      const outside = join(own, 'source')
      const link = encodeTree([nodeOf('door', { type: 'symlink', linkTarget: Buffer.from(outside) })])
      const file = encodeTree([nodeOf('door', { type: 'file', content: [] })])
      const twice = Buffer.from(`${link.toString().trimEnd().slice(0, -2)},${file.toString().slice('{"nodes":['.length)}`)
      await expect(restoreTo(repository, await forge(repository, [], twice), to)).rejects.toMatchObject({
        code: expect.stringMatching(/^tree_(damaged|hostile)$/),
      })
      const inside = [nodeOf('inside', { content: [] })]
      const snapshot = await forge(repository, [
        inside,
        [nodeOf('a', { type: 'symlink', linkTarget: Buffer.from(outside) }), nodeOf('b', { type: 'dir', mode: 0o755 })],
      ])
      await restoreTo(repository, snapshot, `${to}-2`)
      expect(readdirSync(outside)).toEqual([])
      expect(readdirSync(`${to}-2`).toSorted()).toEqual(['a', 'b'])
    })
  })
})

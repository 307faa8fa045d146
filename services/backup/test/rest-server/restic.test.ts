import { join } from 'node:path'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { NatsStore } from '../../src/destinations/nats/nats-store.ts'
import type { Store } from '../../src/destinations/store.ts'
import type { RestAccess } from '../../src/rest-server/rest-access.ts'
import { startRestServer } from '../../src/rest-server/rest-server.ts'
import { copyFiles, countFiles, makeTree, restoredSha256 } from '../destinations/restic-bed.ts'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'

const binaries = resticBinaries()

describe.skipIf(binaries.length === 0).each(binaries.length === 0 ? ['no restic'] : binaries)(
  'a repository in an object store of NATS, as %s sees it',
  (binary) => {
    let server: NatsServer

    beforeAll(async () => {
      server = await startNats()
    })

    afterAll(async () => await server.stop())

    const open = (bucket: string): NatsStore =>
      new NatsStore({ bucket, maxBytes: 1024 ** 3, replicas: 1, connection: { servers: [server.url] }, host: 'web-1' })

    it('is checked and restored although it may change nothing', async () => {
      await withFolder(async (folder) => {
        const { path, sha256 } = await makeTree(folder)
        const original = new Restic(binary, join(folder, 'repository'))
        await original.run('init')
        await original.run('backup', path)
        const store = open('copied')
        expect(await copyFiles(new LocalStore(original.folder), store)).toBeGreaterThanOrEqual(6)
        await serving(binary, store, 'read', async (restic) => {
          await restic.run('check', '--read-data', '--no-lock')
          await restic.run('restore', 'latest', '--no-lock', '--target', join(folder, 'restored'))
          expect(await restoredSha256(join(folder, 'restored'), path)).toBe(sha256)
        })
        await serving(binary, store, 'lock', async (restic) => void (await restic.run('check', '--read-data')))
        expect(await countFiles(store)).toEqual(await countFiles(new LocalStore(original.folder)))
        await store.close()
      })
    }, 120_000)

    it('is made, filled and pruned when it may write', async () => {
      await withFolder(async (folder) => {
        const { path, sha256 } = await makeTree(folder)
        const store = open('written')
        await serving(binary, store, 'write', async (restic) => {
          await restic.run('init')
          await restic.run('backup', path)
          await restic.run('backup', '--force', path)
          await restic.run('forget', '--keep-last', '1', '--prune')
          await restic.run('check', '--read-data')
          await restic.run('restore', 'latest', '--target', join(folder, 'restored'))
        })
        expect(await restoredSha256(join(folder, 'restored'), path)).toBe(sha256)
        expect(await countFiles(store)).toMatchObject({ damaged: 0 })
        expect(await Array.fromAsync(store.list('snapshot'))).toHaveLength(1)
        expect(await Array.fromAsync(store.list('lock'))).toEqual([])
        expect(await store.sweep(0, Date.now() + 60_000)).toBe(0)
        await store.close()
      })
    }, 120_000)
  },
)

async function serving(binary: string, store: Store, access: RestAccess, work: (restic: Restic) => Promise<void>): Promise<void> {
  const server = await startRestServer(store, { access })
  try {
    await work(new Restic(binary, `rest:${server.url}`))
  } finally {
    await server.close()
  }
}

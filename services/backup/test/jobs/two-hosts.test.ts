import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { check } from '../../src/check/check.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { Restic, resticBinaries, resticPassword, withFolder } from '../snapshot/restic.ts'
import { createRepository, reopen } from '../snapshot/test-repository.ts'

const run = promisify(execFile)
const lastsMs = 8000

interface Did {
  readonly done: number
  readonly forgotten: number
  readonly removedPacks: number
}

async function atWork(what: 'run' | 'prune', host: string, folder: string): Promise<Did> {
  const script = join(import.meta.dirname, 'host-process.ts')
  const { stdout } = await run(process.execPath, [script, what, host, folder, resticPassword, String(lastsMs)], { timeout: 90_000 })
  return JSON.parse(stdout) as Did
}

test(
  'two hosts that back up and forget in one repository, while a third removes what is not needed, lose nothing',
  { timeout: 120_000 },
  async () => {
    await withFolder(async (folder) => {
      const store = new LocalStore(join(folder, 'repository'))
      await (await createRepository(store)).close()
      const [one, other, pruner] = await Promise.all([
        atWork('run', 'one', folder),
        atWork('run', 'other', folder),
        atWork('prune', 'third', folder),
      ])
      for (const { done } of [one, other, pruner]) expect(done).toBeGreaterThan(0)
      // Nothing was shown if they never met.
      expect(one.forgotten + other.forgotten).toBeGreaterThan(0)
      expect(pruner.removedPacks).toBeGreaterThan(0)
      const repository = await reopen(store)
      expect(await check(repository, { readData: true })).toMatchObject({ passed: true, errorCount: 0 })
      const hosts = (await listSnapshots(repository)).map(({ hostname }) => hostname)
      expect(new Set(hosts)).toEqual(new Set(['one', 'other']))
      await repository.close()
      for (const binary of resticBinaries()) {
        const restic = new Restic(binary, join(folder, 'repository'))
        await restic.run('check', '--read-data')
        await restic.run('prune', '--max-unused', '0')
        await restic.run('check', '--read-data')
      }
    })
  },
)

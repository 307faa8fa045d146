import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'
import { backUp, folderMaterial, openRepository, restoreTo } from './archive-scene.ts'
import { differences, looksOf } from './nasty-tree.ts'

const program = fileURLToPath(new URL('./archive-process.ts', import.meta.url))
const killsOfBackups = 12
const killsOfRestores = 8
const longestMs = 700

/** Kills it with -9 so long after it began to work; true when it was still at it. */
async function runAndKill(args: readonly string[], afterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited])
  await Promise.race([delay(afterMs), exited])
  child.kill('SIGKILL')
  const [code] = (await exited) as [number | null]
  if (code !== null && code !== 0) throw new Error(`it failed by itself with ${code}`)
  return code === null
}

test('a backup and a restore that are killed at any moment leave nothing wrong, and the next one is complete', async () => {
  await withFolder(async (own) => {
    const [source, folder] = [join(own, 'source'), join(own, 'repository')]
    for (let group = 0; group < 20; group++) {
      mkdirSync(join(source, `group-${group}`), { recursive: true })
      for (let file = 0; file < 50; file++) writeFileSync(join(source, `group-${group}`, `file-${file}`), randomBytes(500 + 1000 * file))
    }
    for (let file = 0; file < 12; file++) writeFileSync(join(source, `large-${file}`), randomBytes(6_000_000))
    const original = looksOf(source)
    await openRepository(folder)
    let atWork = 0
    let restored = ''
    for (let kill = 0; kill < killsOfBackups; kill++) {
      atWork += Number(await runAndKill(['backup', folder, source], Math.random() * longestMs))
      // What counts as a snapshot is whole, and what the index says is there.
      const repository = await openRepository(folder)
      for (const packId of repository.index.packs()) expect(await repository.store.sizeOf({ type: 'data', id: packId })).toBeGreaterThan(0)
      const last = (await listSnapshots(repository)).at(-1)
      if (last === undefined || last.id === restored) continue
      expect((await restoreTo(repository, last, join(own, `check-${kill}`))).problems).toEqual([])
      restored = last.id
    }
    const repository = await openRepository(folder)
    const { snapshot } = await backUp(repository, folderMaterial(source))
    const to = join(own, 'restored')
    for (let kill = 0; kill < killsOfRestores; kill++)
      atWork += Number(await runAndKill(['restore', folder, to], Math.random() * longestMs))
    expect((await restoreTo(repository, snapshot, to, { existing: 'replace', verify: true })).problems).toEqual([])
    expect(differences(original, looksOf(join(to, source)))).toEqual([])
    expect(atWork).toBeGreaterThan(5)
    for (const binary of resticBinaries()) await new Restic(binary, folder).run('check', '--read-data')
  })
}, 240_000)

test('a run that was cut off goes on from its last checkpoint', async () => {
  await withFolder(async (own) => {
    const [source, folder] = [join(own, 'source'), join(own, 'repository')]
    mkdirSync(source)
    for (let file = 0; file < 100; file++) writeFileSync(join(source, `file-${file}`), randomBytes(1_000_000))
    const stop = new AbortController()
    const first = await openRepository(folder)
    // The third pack is known: the first two, 33 MB, are in index files. No faster than 16 MiB a second.
    const cut = backUp(first, folderMaterial(source), { signal: stop.signal, checkpointMs: 0, bytesPerSecond: 16 * 1024 ** 2 })
    const deadlineMs = performance.now() + 20_000
    while ([...first.index.packs()].length < 3 && performance.now() < deadlineMs) await delay(20)
    stop.abort(new Error('cut off'))
    await expect(cut).rejects.toThrow(/cut off/)
    const { addedBytes, filesNew } = await backUp(await openRepository(folder), folderMaterial(source))
    expect(filesNew).toBe(100)
    expect(addedBytes).toBeLessThan(100_000_000 - 15_000_000)
  })
}, 60_000)

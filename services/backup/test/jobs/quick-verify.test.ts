import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quickVerify, type QuickVerified } from '../../src/jobs/quick-verify.ts'
import type { Repository } from '../../src/repository/repository.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { backUp, folderMaterial, openRepository } from '../archive/archive-scene.ts'

const signal = new AbortController().signal
let folder: string
let source: string
let repository: Repository
let snapshot: Snapshot
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-v0-'))
  source = join(folder, 'source')
  for (const name of ['a', 'b/c', 'd']) mkdirSync(join(source, name), { recursive: true })
  for (const name of ['a/one', 'b/c/two', 'd/three']) writeFileSync(join(source, name), name)
  repository = await openRepository(join(folder, 'repository'))
  snapshot = (await backUp(repository, folderMaterial(source))).snapshot
})
afterEach(async () => {
  await repository.close()
  rmSync(folder, { recursive: true, force: true })
})

async function verified(of: Snapshot = snapshot): Promise<QuickVerified> {
  return await quickVerify(repository, of, { signal, random: Math.random })
}

function files(kind: string): string[] {
  const top = join(folder, 'repository', kind)
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .map((name) => join(top, name))
    .filter((path) => statSync(path).isFile())
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
}

test('all that a run made is looked at; what is as in the parent was looked at after the run that made it', async () => {
  const first = await verified()
  expect(first.items).toBeGreaterThanOrEqual(8)
  expect(first.bytesRead).toBeGreaterThan(0)
  writeFileSync(join(source, 'a', 'one'), 'another')
  const { snapshot: second } = await backUp(repository, folderMaterial(source))
  const after = await verified(second)
  expect(after.items).toBeLessThan(first.items)
  expect(after.items).toBeGreaterThanOrEqual(4)
})

test.each([
  [
    'a pack that lost its end',
    () => files('data').forEach((path) => truncateSync(path, statSync(path).size - 1)),
    /has \d+ bytes where \d+ were written/,
  ],
  ['a pack that is gone', () => files('data').forEach((path) => rmSync(path)), /cannot be read|is not there/],
  ['an index that cannot be read', () => files('index').forEach((path) => flip(path, 40)), /the index cannot be read/],
  ['an index that is gone', () => files('index').forEach((path) => rmSync(path)), /is not in the index/],
  ['a snapshot that cannot be read', () => files('snapshots').forEach((path) => flip(path, 40)), /the snapshot cannot be read/],
  ['a folder or a file with a flipped byte', () => files('data').forEach((path) => flip(path, 20)), /cannot be read/],
])('%s makes the run a failed one', async (_, damage, message) => {
  damage()
  await expect(verified()).rejects.toMatchObject({ code: 'verify_failed', transient: false, message: expect.stringMatching(message) })
})

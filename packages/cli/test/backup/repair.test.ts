import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callBackup } from './call-backup.ts'

let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-cli-repair-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'one'), randomBytes(100_000))
  writeFileSync(
    join(folder, 'nightshift.yaml'),
    `host: web-1
backup:
  password: correct-horse-Battery-9
  destinations: { disk: { kind: local, path: ${folder}/disk } }
  jobs: { files: { source: { kind: directory, paths: [${folder}/data] } } }
`,
    { mode: 0o600 },
  )
  await callBackup(folder, 'init')
  await callBackup(folder, 'run', 'files', '--local')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function filesIn(kind: string): string[] {
  return readdirSync(join(folder, 'disk', kind), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function largest(paths: readonly string[]): string {
  return paths.toSorted((a, b) => readFileSync(b).length - readFileSync(a).length)[0] ?? ''
}

test('an index that was lost is made anew from the packs, after it was said and asked for', async () => {
  for (const path of filesIn('index')) rmSync(path)
  expect((await callBackup(folder, 'check')).code).toBe(1)
  const asked = await callBackup(folder, 'repair')
  expect(asked.code).toBe(1)
  expect(asked.out).toEqual([
    expect.stringMatching(/^disk: would add \d packs \(([0-9a-f]{8}(, )?)+\) to the index/),
    'disk: nothing was changed; --yes does it',
  ])
  expect(filesIn('index')).toEqual([])
  const done = await callBackup(folder, 'repair', '--yes')
  expect([done.code, done.out.at(-1)]).toEqual([0, 'disk: done'])
  expect((await callBackup(folder, 'check', '--read-data')).code).toBe(0)
  expect((await callBackup(folder, 'repair')).out).toEqual(['disk: nothing to repair; damaged pieces are seen with --read-data only'])
})

test('a damaged pack goes only when that is asked for, and the next run stores what it lost again', async () => {
  const path = largest(filesIn('data'))
  const bytes = readFileSync(path)
  bytes[50] = (bytes[50] ?? 0) ^ 1
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
  const seen = await callBackup(folder, 'repair', '--read-data', '--yes')
  expect(seen).toMatchObject({
    code: 1,
    out: [expect.stringMatching(/^disk: damaged: 1 pack \([0-9a-f]{8}\); --drop-unreadable stores anew/)],
  })
  const dropped = await callBackup(folder, 'repair', '--drop-unreadable', '--yes')
  expect(dropped.out).toContain('disk: done: 0 pieces saved, 1 lost')
  expect(dropped.out.at(-1)).toContain('run the backup once more')
  expect(dropped.code).toBe(1)
  expect((await callBackup(folder, 'run', 'files', '--local')).code).toBe(0)
  expect((await callBackup(folder, 'check', '--read-data')).code).toBe(0)
  expect((await callBackup(folder, 'repair')).code).toBe(0)
})

test('what is lost for good goes out of its snapshots only when that is asked for', async () => {
  rmSync(largest(filesIn('data')))
  writeFileSync(join(folder, 'data', 'one'), 'something else')
  expect((await callBackup(folder, 'repair', '--yes')).code).toBe(1)
  await callBackup(folder, 'run', 'files', '--local')
  const asked = await callBackup(folder, 'repair', '--rewrite-snapshots')
  expect(asked.out[0]).toMatch(/^disk: would write the snapshot [0-9a-f]{8} anew without 1 path: \/.*\/data\/one$/)
  expect((await callBackup(folder, 'repair', '--rewrite-snapshots', '--yes')).code).toBe(0)
  expect((await callBackup(folder, 'check', '--read-data')).code).toBe(0)
})

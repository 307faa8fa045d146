import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { newId } from '@nightshift/shared/ids'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backupConfigSchema } from '../../src/config.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { performRun, type RunOutcome } from '../../src/jobs/perform-run.ts'
import { Destinations } from '../../src/local/destinations.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { resticPassword as password } from '../snapshot/restic.ts'
import { createRepository, reopen } from '../snapshot/test-repository.ts'

const host = 'web-1'
let folder: string
let data: string
let warnings: string[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-run-'))
  data = join(folder, 'data')
  mkdirSync(data)
  writeFileSync(join(data, 'one'), 'one')
  warnings = []
  await (await createRepository(new LocalStore(place('near')))).close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const place = (name: string): string => join(folder, name)

async function runOnce(job: Record<string, unknown> = {}, parts: { acceptSmaller?: boolean } = {}): Promise<RunOutcome> {
  const config = backupConfigSchema.parse({
    password,
    destinations: { near: { kind: 'local', path: place('near') }, far: { kind: 'local', path: place('far') } },
    jobs: { files: { source: { kind: 'directory', paths: [data] }, to: ['near'], ...job } },
    workers: 1,
  })
  const found = config.jobs['files']
  if (found === undefined) throw new Error('no job')
  return await performRun({
    job: 'files',
    config: found,
    run: newId(Date.now()),
    name: 'run',
    host,
    username: 'test',
    version: '0.0.0',
    timezone: 'UTC',
    destinations: new Destinations(config, { host, nats: baseConfigSchema.parse({}).nats, clock: systemClock }),
    workers: 1,
    workDir: folder,
    clock: systemClock,
    log: pino({ level: 'warn' }, { write: (line) => void warnings.push((JSON.parse(line) as { msg: string }).msg) }),
    signal: AbortSignal.timeout(60_000),
    lockWaitMs: 1000,
    onProgress: () => undefined,
    ...parts,
  })
}

async function snapshotsIn(name: string): Promise<string[]> {
  const repository = await reopen(new LocalStore(place(name)))
  const ids = (await listSnapshots(repository)).map(({ id }) => id)
  await repository.close()
  return ids
}

function damage(path: string): () => void {
  const bytes = readFileSync(path)
  chmodSync(path, 0o600)
  writeFileSync(path, Buffer.from(bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))))
  return () => writeFileSync(path, bytes)
}

test('the repository is locked from before a hook stops anything until what was stored was looked at, and not after', async () => {
  const note = { run: ['sh', '-c', `ls '${place('near')}/locks' | wc -l >> '${folder}/held'`] }
  await runOnce({ before: [note], after: [note] })
  expect(readFileSync(join(folder, 'held'), 'utf8').match(/\d+/g)).toEqual(['1', '1'])
  expect(readdirSync(join(place('near'), 'locks'))).toEqual([])
})

test('an old snapshot that is damaged is said, and keeps no new one from being made', async () => {
  const { snapshot } = await runOnce()
  const mend = damage(join(place('near'), 'snapshots', snapshot.id))
  const next = await runOnce()
  expect(next.verified.items).toBeGreaterThan(0)
  expect(warnings.join('\n')).toContain(`the snapshot ${snapshot.id} cannot be read`)
  mend()
  expect(await snapshotsIn('near')).toEqual([snapshot.id, next.snapshot.id])
})

test('a folder that held something and holds nothing now is no backup, unless a person says so', async () => {
  mkdirSync(join(data, 'deep'))
  await runOnce()
  for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true })
  await expect(runOnce()).rejects.toMatchObject({ code: 'source_empty', message: expect.stringContaining('is its disk mounted?') })
  expect(await snapshotsIn('near')).toHaveLength(1)
  await runOnce({}, { acceptSmaller: true })
  await runOnce()
  expect(await snapshotsIn('near')).toHaveLength(3)
})

test('an old snapshot that is damaged at home keeps the newest from no copy', async () => {
  const far = new LocalStore(place('far'))
  const repository = await reopen(new LocalStore(place('near')))
  await (await createRepository(far, repository.polynomial)).close()
  await repository.close()
  const both = { to: ['near', 'far'] }
  await runOnce(both)
  renameSync(place('far'), place('away'))
  writeFileSync(join(data, 'missed'), Buffer.alloc(10_000, 'missed'))
  const before = new Set(readdirSync(join(place('near'), 'data'), { recursive: true, encoding: 'utf8' }))
  expect((await runOnce(both)).destinations[1]?.error).toContain('is its disk mounted?')
  const missed = readdirSync(join(place('near'), 'data'), { recursive: true, encoding: 'utf8' }).filter((path) => !before.has(path))
  rmSync(join(data, 'missed'))
  const newest = await runOnce(both)
  expect(newest.destinations[1]?.error).not.toBeNull()
  renameSync(place('away'), place('far'))
  for (const path of missed.filter((each) => each.includes('/'))) damage(join(place('near'), 'data', path))
  writeFileSync(join(data, 'two'), 'two')
  const last = await runOnce(both)
  expect(last.destinations[1]).toMatchObject({ error: null, snapshot: expect.any(String) })
  expect(warnings.join('\n')).toMatch(/the snapshot [0-9a-f]{64} was not copied to far/)
  expect((await snapshotsIn('far')).length).toBeGreaterThanOrEqual(2)
})

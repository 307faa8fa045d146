import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { backupConfigSchema, backupCrossChecks, type BackupConfig } from '../src/config.ts'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nightshift-backup-config-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const good = `password: correct-horse-Battery-9
  destinations: { disk: { kind: local, path: /var/backups/ns } }
  jobs:
    etc: { source: { kind: directory, paths: [/etc] }`

async function load(section: string): Promise<Awaited<ReturnType<typeof loadOne>>> {
  return await loadOne(`backup:\n  ${section}\n`)
}

async function loadOne(text: string) {
  const file = join(folder, 'c.yaml')
  writeFileSync(file, text, { mode: 0o600 })
  return await loadConfig({ file, env: {}, sections: { backup: backupConfigSchema }, run: ['backup'], crossChecks: backupCrossChecks })
}

async function complaints(section: string): Promise<string[]> {
  const loaded = await load(section)
  return (loaded.ok ? loaded.warnings : loaded.diagnostics).map(
    ({ path, message, hint }) => `${path}: ${message}${hint === undefined ? '' : `; ${hint}`}`,
  )
}

async function valid(section: string): Promise<BackupConfig> {
  const loaded = await load(section)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics))
  return loaded.sections.backup
}

test('nothing is to be configured where nothing is backed up', async () => {
  expect(await valid('jobs: {}')).toMatchObject({ jobs: {}, destinations: {} })
})

test('a job has the defaults that the documents of the users fix', async () => {
  const { jobs } = await valid(`${good} }`)
  expect(jobs['etc']).toMatchObject({
    keep: { withinMs: 30 * 86_400_000, weekly: 4, monthly: 12 },
    name: 'backup_%Y_%m_%d_%H%M',
    catch_up: true,
  })
})

test('schedules have words, and may be several', async () => {
  const { jobs } = await valid(`${good}, schedule: [daily, "0 3 * * 0"] }`)
  expect(jobs['etc']?.schedule).toEqual(['0 2 * * *', '0 3 * * 0'])
})

describe('each mistake is named where it is, with what to do', () => {
  it.each([
    [`${good}, to: [dsik] }`, 'backup.jobs.etc.to[0]: there is no destination "dsik" in backup.destinations; did you mean "disk"?'],
    [
      'password: correct-horse-Battery-9\n  jobs: { etc: { source: { kind: directory, paths: [/etc] } } }',
      'backup.jobs: have no destination to go to',
    ],
    ['destinations: { disk: { kind: local, path: /var/b } }', 'backup.destinations.disk: has no password; nothing is stored unencrypted'],
    ['password: short', 'backup.password: has 5 characters; the least is 12'],
    ['password: aaaaaaaaaaaaaaaa', 'backup.password: has fewer than 6 different characters'],
    ['password: MyPassword123456', 'backup.password: is made of words that are tried first'],
    [`${good}, schedule: "0 2 * *" }`, 'is no cron expression of five fields'],
    [`${good}, schedule: "0 2 30 2 *" }`, 'never comes'],
    [`${good}, window: { from: "22:00", to: "25:00" } }`, '"25:00" is no time of day; write for example 22:30'],
    [`${good}, window: { from: "22:00", to: "22:00" } }`, 'is empty; from and to must differ'],
    [`${good}, on_change: { debounce: 10m, max_wait: 1m } }`, 'max_wait is shorter than debounce'],
    [`${good}, keep: {} }`, 'keeps nothing'],
    [
      'password: correct-horse-Battery-9\n  destinations: { disk: { kind: local, path: /b } }\n  jobs: { db: { source: { kind: redis }, on_change: {} } }',
      'cannot be noticed for redis; give a schedule',
    ],
    [
      'password: correct-horse-Battery-9\n  destinations: { disk: { kind: local, path: /b } }\n  jobs: { prune: { source: { kind: redis } } }',
      'no job can be called prune',
    ],
    [`${good}, schedule: weekly, rpo: 24h }`, 'backup.jobs.etc.rpo: is shorter than the schedule allows: runs are up to 7d apart'],
    [`${good}, rpo: 24h }`, 'is promised, but no schedule keeps it; add a schedule'],
    [
      'password: correct-horse-Battery-9\n  destinations: { a: { kind: local, path: /a }, b: { kind: local, path: /b } }\n  jobs: { etc: { source: { kind: directory, paths: [/etc] } } }',
      'falls short of the 3-2-1 rule: a second kind of store, a destination that is off site missing',
    ],
  ])('%s', async (section, complaint) => {
    expect((await complaints(section)).join('\n')).toContain(complaint)
  })
})

test('no password stands in a complaint', async () => {
  const said = await complaints('password: hunter2\n  destinations: { disk: { kind: local, path: nowhere, password: hunter3 } }')
  expect(said.length).toBeGreaterThan(1)
  expect(said.join('\n')).not.toMatch(/hunter/)
})

test('a password file that others may read is warned of', async () => {
  const file = join(folder, 'password')
  writeFileSync(file, 'correct-horse-Battery-9\n')
  chmodSync(file, 0o644)
  const section = `password_file: ${file}\n  destinations: { disk: { kind: local, path: /b } }`
  expect(await complaints(section)).toEqual([`backup.password_file: other users of this host can read this file; chmod 600 ${file}`])
  chmodSync(file, 0o600)
  expect(await complaints(section)).toEqual([])
})

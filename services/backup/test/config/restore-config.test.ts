import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupConfigSchema, backupCrossChecks } from '../../src/config.ts'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nightshift-restore-config-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function load(sets: string, restore: string) {
  const file = join(folder, 'c.yaml')
  const text = `backup:
  password: correct-horse-Battery-9
  destinations: { disk: { kind: local, path: /var/backups/ns } }
  sets: ${sets}
  jobs:
    db: { source: { kind: directory, paths: [/srv/db] }, restore: ${restore} }
    models: { source: { kind: directory, paths: [/srv/models] } }
`
  writeFileSync(file, text, { mode: 0o600 })
  return await loadConfig({ file, env: {}, sections: { backup: backupConfigSchema }, run: ['backup'], crossChecks: backupCrossChecks })
}

async function complaints(sets: string, restore = '{}'): Promise<string[]> {
  const loaded = await load(sets, restore)
  return loaded.ok ? [] : loaded.diagnostics.map(({ path, message }) => `${path}: ${message}`)
}

test('what goes around a restore has defaults, and sets take their jobs in order', async () => {
  const loaded = await load(
    '{ app: { jobs: [models, db] } }',
    '{ health: { url: "http://127.0.0.1:8000/health" }, before: [{ run: ["true"] }] }',
  )
  expect(loaded).toMatchObject({
    ok: true,
    sections: {
      backup: {
        sets: { app: { jobs: ['models', 'db'], at: 'consistent' } },
        jobs: { db: { restore: { health: { timeout: 30_000 }, hold_healer: true, after: [] } }, models: { restore: { before: [] } } },
      },
    },
  })
})

test('a set of unknown jobs, one with the name of a job, and a health check that asks nothing are refused', async () => {
  expect(await complaints('{ app: { jobs: [models, dbx] } }')).toEqual([expect.stringContaining('dbx')])
  expect(await complaints('{ db: { jobs: [models, db] } }')).toEqual(['backup.sets.db: is the name of a job too'])
  expect(await complaints('{}', '{ health: { timeout: 5s } }')).toEqual([expect.stringContaining('give either url or run')])
  expect(await complaints('{}', '{ health: { url: "ftp://example.com" } }')).toHaveLength(1)
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callBackup } from './call-backup.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-cli-integrity-'))
  const database = new DatabaseSync(join(folder, 'shop.db'))
  database.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, price int); INSERT INTO items (price) VALUES (1), (-3), (-4)')
  database.close()
  const query = 'SELECT id FROM items WHERE price < 0'
  writeFileSync(
    join(folder, 'nightshift.yaml'),
    `host: web-1
backup:
  integrity:
    shop:
      kind: sqlite
      path: ${folder}/shop.db
      rules:
        prices: { query: ${query}, repair: UPDATE items SET price = 0 WHERE price < 0 }
    gone: { kind: sqlite, path: ${folder}/gone.db }
`,
    { mode: 0o600 },
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('each finding is shown with its place and how bad it is, and how to mend it; the exit code says that something is wrong', async () => {
  const { code, out, err } = await callBackup(folder, 'integrity')
  expect(code).toBe(1)
  expect(out).toEqual([
    'shop: damaged (1 error): 2 things looked at (tables, indexes, rules)',
    '  SEVERITY  CHECK        WHAT',
    '  error     rule.prices  2 rows, expected 0, such as 2 | 3',
    '  1 of these can be put right; what that would do: nightshift backup integrity shop --repair',
  ])
  expect(err).toEqual([expect.stringContaining('gone: could not be checked: there is no database')])
  await expect(callBackup(folder, 'integrity', 'nope')).rejects.toMatchObject({
    message: 'there is no nope under backup.integrity; there are shop, gone',
  })
})

test('a repair first says what it would do, changes nothing unasked, and then puts it right', async () => {
  const before = readFileSync(join(folder, 'shop.db'))
  const asked = await callBackup(folder, 'integrity', 'shop', '--repair')
  expect(asked.code).toBe(1)
  expect(asked.out.slice(-3)).toEqual([
    '  for rule.prices: UPDATE items SET price = 0 WHERE price < 0',
    '    runs the repair of the rule in one transaction: 2 rows',
    '  nothing was changed; --yes does it',
  ])
  expect(readFileSync(join(folder, 'shop.db'))).toEqual(before)
  const done = await callBackup(folder, 'integrity', 'shop', '--repair', '--yes', '--data', folder)
  expect(done.code).toBe(0)
  expect(done.out.slice(-2)).toEqual([
    '  done: UPDATE items SET price = 0 WHERE price < 0: 2 rows',
    'shop now: sound: 2 things looked at (tables, indexes, rules)',
  ])
  expect(done.err).toEqual([expect.stringContaining('not in the audit')])
  const json = await callBackup(folder, 'integrity', 'shop', '--json')
  expect(json.code).toBe(0)
  expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ database: 'shop', report: { isSound: true, findings: [] }, done: [] })
})

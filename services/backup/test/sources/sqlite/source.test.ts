import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { createSource } from '../../../src/sources/registry.ts'
import { sourceContext, temporaryFolder } from '../source-context.ts'

/** Each transaction inserts into both tables: a copy in which they differ is torn. */
const writer = `
const { DatabaseSync } = require('node:sqlite')
const db = new DatabaseSync(process.argv[1], { timeout: 20000 })
let n = 0
const write = () => {
  db.exec("BEGIN IMMEDIATE; INSERT INTO a SELECT NULL, hex(randomblob(400)); INSERT INTO b SELECT NULL, hex(randomblob(400)); COMMIT")
  if (++n === 20) console.log('going')
  setTimeout(write, 3)
}
write()`

function filled(path: string, mode: string): void {
  const made = new DatabaseSync(path)
  made.exec(
    `PRAGMA journal_mode=${mode}; PRAGMA synchronous=OFF; CREATE TABLE a (id INTEGER PRIMARY KEY, x); CREATE TABLE b (id INTEGER PRIMARY KEY, x)`,
  )
  for (const table of ['a', 'b'])
    made.exec(
      `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) INSERT INTO ${table} SELECT NULL, hex(randomblob(500)) FROM c`,
    )
  made.close()
}

test.each(['WAL', 'DELETE'])(
  'a database in %s mode is copied whole while another process writes',
  async (mode) => {
    const path = join(temporaryFolder(), 'app.db')
    filled(path, mode)
    const child = spawn(process.execPath, ['--no-warnings', '-e', writer, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    await once(child.stdout, 'data')
    for (let round = 0; round < 3; round++) {
      const source = await createSource(sourceSchema.parse({ kind: 'sqlite', path }))
      const material = await source.open(sourceContext())
      const facts = await material.finish()
      expect(Number(facts['rows.a'])).toBeGreaterThan(20_000)
      expect(facts['rows.a']).toBe(facts['rows.b'])
      expect(material.folders[0]?.replace.size).toBe(1)
      await material.close()
    }
    expect(child.exitCode).toBeNull()
  },
  30_000,
)

test('a damaged database never becomes a snapshot', async () => {
  const path = join(temporaryFolder(), 'app.db')
  filled(path, 'DELETE')
  const bytes = readFileSync(path)
  bytes.fill(0x5a, 40 * 4096, 60 * 4096)
  writeFileSync(path, bytes)
  const source = await createSource(sourceSchema.parse({ kind: 'sqlite', path }))
  await expect(source.open(sourceContext())).rejects.toMatchObject({ code: 'sqlite_damaged' })
})

test('a database that shrank to nothing is refused until a person says that it may', async () => {
  const path = join(temporaryFolder(), 'app.db')
  new DatabaseSync(path).exec('CREATE TABLE a (x)')
  const source = await createSource(sourceSchema.parse({ kind: 'sqlite', path }))
  const previousFacts = { [`size_bytes.${path}`]: 50_000_000 }
  await expect(source.open(sourceContext({ previousFacts }))).rejects.toMatchObject({ code: 'dump_too_small' })
  const material = await source.open(sourceContext({ previousFacts, acceptSmaller: true }))
  expect((await material.finish())['rows.a']).toBe(0)
  await material.close()
})

import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { collectorConfigSchema } from '../../src/config.ts'
import { runCheck } from './run-check.ts'

const top = mkdtempSync(join(tmpdir(), 'nightshift-file-'))
afterAll(() => rmSync(top, { recursive: true }))

let folder = top
beforeEach(() => {
  folder = mkdtempSync(join(top, 'each-'))
})

function write(name: string, text = 'content', ageSeconds = 0): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o640 })
  const at = Date.now() / 1000 - ageSeconds
  utimesSync(path, at, at)
  return path
}

const error = async (keys: object): Promise<string | null> => (await runCheck('file', keys)).error

test('a file is there, or must not be', async () => {
  const path = write('here')
  expect(await runCheck('file', { path })).toMatchObject({ ok: true, detail: { count: 1, file: path, size_bytes: 7, mode: '0640' } })
  expect(await error({ path: join(folder, 'not') })).toBe(`there is no file ${folder}/not`)
  expect(await error({ path, exists: false })).toBe(`${path} exists, but must not`)
  expect(await error({ path: join(folder, 'not'), exists: false })).toBeNull()
  symlinkSync(join(folder, 'gone'), join(folder, 'dangling'))
  expect(await error({ path: join(folder, 'dangling') })).toContain('there is no file')
})

test('age and size have bounds', async () => {
  const path = write('backup', 'x'.repeat(2048), 3 * 86_400 + 60)
  expect(await error({ path, max_age: '25h' })).toBe(`${path} was last changed 3 days ago, more than 1 day`)
  expect(await error({ path, min_age: '4d' })).toBe(`${path} was changed 3 days ago, less than 4 days`)
  expect(await error({ path, max_age: '4d', min_size: '1KiB', max_size: '2KiB' })).toBeNull()
  expect(await error({ path, min_size: '1MiB' })).toBe(`${path} has 2048 bytes, fewer than 1048576`)
  expect(await error({ path, max_size: '1KiB' })).toBe(`${path} has 2048 bytes, more than 1024`)
})

test('permissions, owner and kind are judged, and the right command is named', async () => {
  const path = write('.env')
  expect(await error({ path, mode: '0600' })).toBe(`${path} has the mode 0640, not 0600: chmod 0600 sets it`)
  expect(await error({ path, max_mode: '0600' })).toBe(`${path} has the mode 0640, wider than 0600: chmod 0600 takes the rest away`)
  chmodSync(path, 0o400)
  expect(await error({ path, max_mode: '600', owner: userInfo().username, group: userInfo().gid })).toBeNull()
  expect(await error({ path, owner: 'somebody-else' })).toBe(`${path} belongs to ${userInfo().username}, not somebody-else`)
  expect(await error({ path: folder, type: 'file' })).toBe(`${folder} is a folder, not a file`)
})

test('the content is judged by text and checksum', async () => {
  const path = write('state.json', '{"last":"ok"}')
  expect(await error({ path, contains: '"ok"', not_contains: 'error', matches: '^\\{.*\\}$' })).toBeNull()
  expect(await error({ path, contains: 'done' })).toBe(`${path} is not as it should be: its content does not contain "done"`)
  const sha256 = createHash('sha256').update('{"last":"ok"}').digest('hex')
  expect(await error({ path, sha256: sha256.toUpperCase() })).toBeNull()
  expect(await error({ path: write('state.json', 'changed'), sha256 })).toMatch(
    /has the SHA-256 [0-9a-f]{64}, not the one expected: it was changed$/,
  )
})

test('a pipe, on which a reader would wait for ever, is not read', async () => {
  const path = join(folder, 'pipe')
  spawnSync('mkfifo', [path])
  expect(await error({ path, contains: 'x', timeout: '1s' })).toBe(`${path} is no regular file, so that its content cannot be read`)
})

test('of several files the newest is judged, or all, and they are counted', async () => {
  write('db-1.sql.gz', 'old', 10 * 86_400)
  const newest = write('db-2.sql.gz', 'new')
  const path = join(folder, 'db-*.sql.gz')
  expect(await runCheck('file', { path, max_age: '25h' })).toMatchObject({ ok: true, detail: { count: 2, file: newest } })
  expect(await error({ path, max_age: '25h', which: 'all' })).toContain('db-1.sql.gz was last changed 10 days ago')
  expect(await error({ path, min_count: 3 })).toBe(`2 files fit ${path}, fewer than 3`)
  expect(await error({ path, max_count: 1 })).toBe(`2 files fit ${path}, more than 1`)
  expect(await error({ path: join(folder, '*.none') })).toBe(`no file fits ${folder}/*.none`)
  mkdirSync(join(folder, 'a'))
  write('a/x.log')
  expect(await error({ path: `${top}/each-*/?/x.log` })).toBeNull()
})

test('what may not exist cannot be judged', () => {
  const check = { kind: 'file', path: '/x', exists: false, max_age: '1d' }
  expect(collectorConfigSchema.safeParse({ checks: { it: check } }).error?.issues[0]?.message).toContain('keep only path and exists')
})

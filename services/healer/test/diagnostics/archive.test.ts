import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { maxSnapshots, saveSnapshot } from '../../src/diagnostics/archive.ts'
import { takeSnapshot } from '../../src/diagnostics/snapshot.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-diagnostics-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const subject = { run: 'R1', playbook: 'restart-web', check: 'web', attempt: 1, checkSaid: 'refused; token=abc123' }

test('a snapshot says what the host looks like, without secrets', async () => {
  const text = await takeSnapshot(subject, Date.parse('2026-11-21T03:00:00.000Z'))
  expect(text).toContain('time: 2026-11-21T03:00:00.000Z')
  expect(text).toContain('the check says: refused; token=***')
  expect(text).toMatch(/load: \d+\.\d+ \d+\.\d+ \d+\.\d+ on \d+ processors/)
  expect(text).toMatch(/^ {2}\/.*: \d+% .*MiB available$/m)
  expect(text).toMatch(/by processor time/)
  expect(text.length).toBeLessThan(65_537)
})

test('the attempts of one run share a file that only its owner may read', async () => {
  await saveSnapshot(folder, 'R1', 'first')
  const path = await saveSnapshot(folder, 'R1', 'second')
  expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('the oldest files go, and no other kind of file', async () => {
  writeFileSync(join(folder, 'notes.md'), '')
  for (let i = 0; i < maxSnapshots; i++) {
    const path = join(folder, `OLD${i}.txt`)
    writeFileSync(path, '')
    utimesSync(path, 1000 + i, 1000 + i)
  }
  await saveSnapshot(folder, 'R1', 'text')
  const names = readdirSync(folder)
  expect(names).toHaveLength(maxSnapshots + 1)
  expect(names).toContain('R1.txt')
  expect(names).toContain('notes.md')
  expect(names).not.toContain('OLD0.txt')
  expect(names).toContain('OLD1.txt')
})

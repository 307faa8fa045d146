import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { KeptFile } from '../../src/procfs/kept-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-kept-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a file is read anew each time, by the descriptor that stays open', () => {
  const path = join(folder, 'value')
  writeFileSync(path, 'one')
  const file = new KeptFile(path)
  expect(file.readText()).toBe('one')
  writeFileSync(path, 'second')
  expect(file.readText()).toBe('second')
  file.close()
})

test('a file larger than the buffer is read whole', () => {
  const path = join(folder, 'large')
  const text = 'x'.repeat(100_000)
  writeFileSync(path, text)
  const file = new KeptFile(path)
  expect(file.readText()).toBe(text)
  file.close()
})

test('a file without bounds is refused', () => {
  const file = new KeptFile('/dev/zero')
  expect(() => file.read()).toThrow('more than')
  file.close()
})

test('the first path that can be opened is read; when there is none the first error is thrown, and later reads try again', () => {
  const path = join(folder, 'late')
  const file = new KeptFile(join(folder, 'absent'), path)
  expect(() => file.read()).toThrow('absent')
  writeFileSync(path, 'here now')
  expect(file.readText()).toBe('here now')
  file.close()
})

test.runIf(process.platform === 'linux')('a list of the kernel that comes in pieces is read to its end', () => {
  const file = new KeptFile('/proc/self/smaps')
  expect(file.readText()).toContain('[stack]')
  file.close()
})

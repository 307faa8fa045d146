import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { RotatingFile } from '../../src/metric-file/rotating-file.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-rotating-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function openFile(folder: string, maxBytes: number, keep: number): { path: string; file: RotatingFile } {
  const path = join(folder, 'metrics.log')
  const file = new RotatingFile({ path, maxBytes, keep })
  onTestFinished(() => file.close())
  return { path, file }
}

const line = (number: number): Buffer => Buffer.from(`line ${String(number).padStart(4, '0')}\n`)

test('a file that would grow over its bound is moved along the chain, and the oldest goes', async () => {
  const folder = newFolder()
  const { path, file } = openFile(folder, 30, 2)
  for (let number = 0; number < 12; number++) await file.append(line(number))
  expect(readdirSync(folder).toSorted()).toEqual(['metrics.log', 'metrics.log.1', 'metrics.log.2'])
  expect(readFileSync(path, 'utf8')).toBe('line 0009\nline 0010\nline 0011\n')
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('line 0006\nline 0007\nline 0008\n')
  expect(readFileSync(`${path}.2`, 'utf8')).toBe('line 0003\nline 0004\nline 0005\n')
})

test('with nothing kept the file begins anew', async () => {
  const folder = newFolder()
  const { path, file } = openFile(folder, 30, 0)
  for (let number = 0; number < 4; number++) await file.append(line(number))
  expect(readdirSync(folder)).toEqual(['metrics.log'])
  expect(readFileSync(path, 'utf8')).toBe('line 0003\n')
})

test('every line is in one of the files once and in order, whatever the sizes and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 41, max: 90 }),
      async (sizes, maxBytes) => {
        const folder = mkdtempSync(join(tmpdir(), 'nightshift-rotating-'))
        const path = join(folder, 'metrics.log')
        let file = new RotatingFile({ path, maxBytes, keep: 99 })
        const all = sizes.map((size, index) => `${index}:${'x'.repeat(size)}`.slice(0, 40))
        for (const [index, text] of all.entries()) {
          if (index % 7 === 6) {
            await file.close()
            file = new RotatingFile({ path, maxBytes, keep: 99 })
          }
          await file.append(Buffer.from(`${text}\n`))
        }
        await file.close()
        const names = readdirSync(folder).toSorted((a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0))
        expect(names.map((name) => readFileSync(join(folder, name), 'utf8')).join('')).toBe(all.map((text) => `${text}\n`).join(''))
        for (const name of names) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(maxBytes)
        rmSync(folder, { recursive: true })
      },
    ),
    { numRuns: 30 },
  )
})

test('after somebody else moved the file away or cut it, lines go into the one that has the name', async () => {
  const folder = newFolder()
  const { path, file } = openFile(folder, 1000, 1)
  await file.append(line(1))
  renameSync(path, join(folder, 'moved'))
  await file.append(line(2))
  expect(readFileSync(join(folder, 'moved'), 'utf8')).toBe('line 0001\n')
  expect(readFileSync(path, 'utf8')).toBe('line 0002\n')
  truncateSync(path)
  await file.append(line(3))
  expect(readFileSync(path, 'utf8')).toBe('line 0003\n')
  rmSync(path)
  await file.append(line(4))
  expect(readFileSync(path, 'utf8')).toBe('line 0004\n')
})

test('a line that a crash tore off is ended before the next one, and others may not read the file', async () => {
  const folder = newFolder()
  const { path, file } = openFile(folder, 1000, 1)
  writeFileSync(path, 'whole\nhal')
  await file.append(line(1))
  expect(readFileSync(path, 'utf8')).toBe('whole\nhal\nline 0001\n')
  await file.close()
  rmSync(path)
  await file.append(line(2))
  expect(statSync(path).mode & 0o007).toBe(0)
})

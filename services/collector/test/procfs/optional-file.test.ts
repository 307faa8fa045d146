import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { OptionalFile } from '../../src/procfs/optional-file.ts'
import { parseAuxiliaryVector, systemConstants } from '../../src/procfs/system-constants.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'nightshift-optional-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('a file that is not there is absent until it comes, as with a module that is loaded later', () => {
  const path = join(folder(), 'file')
  const file = new OptionalFile(path)
  expect(file.readText()).toBeUndefined()
  writeFileSync(path, '1')
  expect(file.readText()).toBe('1')
  file.close()
})

test.skipIf(process.getuid?.() === 0)('a file that may not be read is null', () => {
  const path = join(folder(), 'file')
  writeFileSync(path, '1')
  chmodSync(path, 0)
  expect(new OptionalFile(path).readText()).toBeNull()
})

test('any other trouble is an error', () => {
  expect(() => new OptionalFile(folder()).readText()).toThrow(/EISDIR/)
})

test('the sizes of pages and ticks are what the kernel tells every program, in either order of bytes', () => {
  const vector = (isLittle: boolean): Buffer => {
    const buffer = Buffer.alloc(48)
    const words = [6n, 65_536n, 17n, 250n, 0n, 0n]
    for (const [index, word] of words.entries()) {
      if (isLittle) buffer.writeBigUInt64LE(word, index * 8)
      else buffer.writeBigUInt64BE(word, index * 8)
    }
    return buffer
  }
  for (const isLittle of [true, false]) {
    expect(parseAuxiliaryVector(vector(isLittle), isLittle)).toEqual({ pageBytes: 65_536, ticksPerSecond: 250 })
  }
  expect(parseAuxiliaryVector(Buffer.alloc(7), true)).toEqual({ pageBytes: 4096, ticksPerSecond: 100 })
  expect(systemConstants().pageBytes % 4096).toBe(0)
})

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { formatPosition, parsePosition, readPosition, writePosition, type Position } from '../../../src/logs/positions/position-file.ts'

const position: Position = {
  kind: 'files',
  savedMs: Date.parse('2026-01-31T12:00:00.000Z'),
  isLast: true,
  counts: { lines: 1, bytes: 2, cut: 3, binary: 4, rotations: 5, truncations: 6, lostFiles: 7 },
  source: { files: [] },
  analysis: { seen: 1 },
}

test('a position is read as it was written, whole, and only for its owner', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-position-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'logs', 'app.json')
  expect(await readPosition(path)).toBeUndefined()
  await writePosition(path, formatPosition(position))
  await writePosition(path, formatPosition({ ...position, savedMs: position.savedMs + 1 }))
  expect(await readPosition(path)).toEqual({ ...position, savedMs: position.savedMs + 1 })
  expect(readdirSync(join(folder, 'logs'))).toEqual(['app.json'])
})

test('any other file is refused by its code, never by a crash', () => {
  const refusal = (text: string): unknown => {
    try {
      return parsePosition(text, 'file') === undefined ? undefined : 'read'
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error
    }
  }
  expect(refusal('{"schema_version": 2}')).toBe('newer_state')
  expect(refusal('{"schema_version": 1, "kind": "files"}')).toBe('position_file')
  expect(refusal(formatPosition({ ...position, counts: { ...position.counts, lines: -1 } }))).toBe('read')
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => ['position_file', 'newer_state'].includes(String(refusal(text)))))
})

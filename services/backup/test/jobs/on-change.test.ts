import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { changeDueMs, ChangeWatch } from '../../src/jobs/on-change.ts'

let folder: string
let watch: ChangeWatch | undefined
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'nightshift-change-'))))
afterEach(() => {
  watch?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function watching(path: string): Promise<{ due: () => number; troubles: string[] }> {
  let due = 0
  const troubles: string[] = []
  const terms = { debounceMs: 100, maxWaitMs: 1000 }
  watch = new ChangeWatch({
    paths: [path],
    terms,
    now: () => Date.now(),
    onDue: () => void due++,
    onTrouble: (each) => troubles.push(each),
    retryMs: 100,
  })
  await watch.start()
  return { due: () => due, troubles }
}

test('a run goes when it is quiet, and at the latest after the longest wait', () => {
  const terms = { debounceMs: 10_000, maxWaitMs: 60_000 }
  expect(changeDueMs(terms, { firstMs: 0, lastMs: 5000 })).toBe(15_000)
  expect(changeDueMs(terms, { firstMs: 0, lastMs: 58_000 })).toBe(60_000)
})

test('many changes deep in a folder are one run', async () => {
  mkdirSync(join(folder, 'a', 'b'), { recursive: true })
  const { due } = await watching(folder)
  for (let n = 0; n < 20; n++) writeFileSync(join(folder, 'a', 'b', `f${n}`), 'x')
  await vi.waitFor(() => expect(due()).toBe(1), 5000)
})

test('a file that an editor replaces is noticed each time', async () => {
  const file = join(folder, 'app.conf')
  writeFileSync(file, '1')
  const { due } = await watching(file)
  for (const text of ['2', '3']) {
    const before = due()
    writeFileSync(join(folder, 'app.conf.new'), text)
    renameSync(join(folder, 'app.conf.new'), file)
    await vi.waitFor(() => expect(due()).toBe(before + 1), 5000)
  }
})

test('what changed before a run that began anyway is not run for again', async () => {
  const { due } = await watching(folder)
  writeFileSync(join(folder, 'one'), 'x')
  await sleep(50)
  watch?.forget()
  await sleep(400)
  expect(due()).toBe(0)
  writeFileSync(join(folder, 'two'), 'x')
  await vi.waitFor(() => expect(due()).toBe(1), 5000)
})

test('a path that is not there yet is said once, and counts as changed when it comes', async () => {
  const late = join(folder, 'late')
  const { due, troubles } = await watching(late)
  expect(troubles).toEqual([late])
  mkdirSync(late)
  await vi.waitFor(() => expect(due()).toBe(1), 5000)
})

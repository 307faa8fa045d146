import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Clock } from '@nightshift/shared/clock'
import { noCounts, type LineCounts } from '../../../src/logs/sources/log-source.ts'
import { FileTail, maxFiles, type FileTailOptions } from '../../../src/logs/tail/file-tail.ts'
import { keptLog } from '../../kept-log.ts'
import { KeptLines } from './kept-lines.ts'

/** Goes with the times of the files, and can be turned on. */
class FileClock implements Clock {
  #aheadMs = 0
  now = (): number => Date.now() + this.#aheadMs
  monotonicMs = (): number => performance.now() + this.#aheadMs
  turn(ms: number): void {
    this.#aheadMs += ms
  }
}

/** A folder with a log, and a tail on it whose clock is turned by hand. */
function follow(options: Partial<FileTailOptions> = {}, folder = temporaryFolder()) {
  const path = join(folder, 'app.log')
  const clock = new FileClock()
  const { log, lines: said } = keptLog()
  const open = (saved?: unknown, counts: LineCounts = noCounts()): FileTail => {
    const tail = new FileTail({
      files: [path],
      exclude: [],
      startAt: 'beginning',
      maxLineBytes: 1024,
      clock,
      log,
      counts,
      saved,
      ...options,
    })
    onTestFinished(() => tail.close())
    return tail
  }
  return { folder, path, clock, said, open, sink: new KeptLines() }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-tail-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function readAll(tail: FileTail, sink: KeptLines): Promise<string[]> {
  while (await tail.poll(sink));
  return sink.lines
}

const text = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `2026-01-01T00:00:00.000Z line ${from + index}\n`).join('')
const numbers = (lines: readonly string[]): number[] => lines.map((line) => Number(/line (\d+)$/.exec(line)?.[1]))
const upTo = (to: number, from = 1): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

test('a log is read as it grows, and a line only when it is complete', async () => {
  const { path, sink, open } = follow()
  const tail = open()
  expect(await readAll(tail, sink)).toEqual([])
  writeFileSync(path, 'one\ntw')
  expect(await readAll(tail, sink)).toEqual(['one'])
  appendFileSync(path, 'o\nthree\n')
  expect(await readAll(tail, sink)).toEqual(['one', 'two', 'three'])
  expect(tail.counts).toMatchObject({ lines: 3, bytes: 14 })
  expect(tail.standing()).toMatchObject({ files: 1, unreadBytes: 0 })
})

test('at first sight a log is read from its end, without the rest of a line that is being written', async () => {
  const { path, sink, open } = follow({ startAt: 'end' })
  writeFileSync(path, 'old\nhalf of')
  const tail = open()
  await readAll(tail, sink)
  appendFileSync(path, ' a line\nnew\n')
  expect(await readAll(tail, sink)).toEqual(['new'])
})

test('a log that is renamed and made anew is read to its end, also what its writer adds before it opens the new one', async () => {
  const { path, clock, sink, open } = follow()
  writeFileSync(path, text(1, 3))
  const tail = open()
  await readAll(tail, sink)
  appendFileSync(path, text(4, 5))
  renameSync(path, `${path}.1`)
  writeFileSync(path, text(7, 8))
  appendFileSync(`${path}.1`, text(6, 6))
  expect(numbers(await readAll(tail, sink))).toEqual(upTo(8))
  expect(tail.counts).toMatchObject({ lines: 8, rotations: 1 })
  appendFileSync(`${path}.1`, 'no newline at its end')
  clock.turn(5000)
  await readAll(tail, sink)
  expect(sink.lines).toHaveLength(8)
  clock.turn(10_001)
  await readAll(tail, sink)
  expect(sink.lines.at(-1)).toBe('no newline at its end')
  expect(sink.closed).toHaveLength(1)
})

test('several rotations between two looks lose nothing', async () => {
  const { path, sink, open } = follow()
  writeFileSync(path, text(1, 2))
  const tail = open()
  await readAll(tail, sink)
  for (let generation = 1; generation <= 5; generation++) {
    for (let number = generation; number > 0; number--) {
      renameSync(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`)
    }
    writeFileSync(path, text(generation * 2 + 1, generation * 2 + 2))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(numbers(await readAll(tail, sink))).toEqual(upTo(12))
  expect(tail.counts).toMatchObject({ lines: 12, rotations: 5, lostFiles: 0 })
})

test('generations that were there before us are not read', async () => {
  const { path, sink, open } = follow({ startAt: 'end' })
  writeFileSync(`${path}.1`, text(1, 2))
  const hourAgo = new Date(Date.now() - 3_600_000)
  utimesSync(`${path}.1`, hourAgo, hourAgo)
  writeFileSync(path, text(3, 4))
  const tail = open()
  await readAll(tail, sink)
  renameSync(`${path}.1`, `${path}.2`)
  renameSync(path, `${path}.1`)
  writeFileSync(path, text(5, 6))
  expect(numbers(await readAll(tail, sink))).toEqual([5, 6])
})

test('copytruncate: what was not read yet is read from the copy, then the log from its beginning', async () => {
  const { path, sink, open } = follow()
  writeFileSync(path, text(1, 4))
  const tail = open()
  await readAll(tail, sink)
  appendFileSync(path, text(5, 6))
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  appendFileSync(path, text(7, 7))
  expect(numbers(await readAll(tail, sink))).toEqual(upTo(7))
  expect(tail.counts).toMatchObject({ lines: 7, truncations: 1, lostFiles: 0 })
})

test('a log that was truncated and has grown past the old place is noticed by its beginning', async () => {
  const { path, sink, open } = follow()
  writeFileSync(path, text(1, 2))
  const tail = open()
  await readAll(tail, sink)
  writeFileSync(path, text(100, 120))
  expect(numbers(await readAll(tail, sink))).toEqual([1, 2, ...upTo(120, 100)])
  expect(new Set(sink.places).size).toBe(23)
})

test.each([
  ['goes on where it was', () => undefined, 6],
  ['finds it under its new name', (path: string) => (renameSync(path, `${path}.1`), writeFileSync(path, text(7, 9))), 9],
  [
    'finds it after two rotations',
    (path: string) => {
      renameSync(path, `${path}.1`)
      writeFileSync(path, text(7, 8))
      renameSync(`${path}.1`, `${path}.2`)
      renameSync(path, `${path}.1`)
      writeFileSync(path, text(9, 10))
    },
    10,
  ],
  [
    'finds the copy after copytruncate',
    (path: string) => (copyFileSync(path, `${path}.1`), truncateSync(path), appendFileSync(path, text(7, 7))),
    7,
  ],
])('after a restart the tail %s', async (_, happen, last) => {
  const { path, sink, open } = follow()
  writeFileSync(path, text(1, 4))
  const first = open()
  await readAll(first, sink)
  const saved: unknown = JSON.parse(JSON.stringify(first.save()))
  await first.close()
  appendFileSync(path, text(5, 6))
  happen(path)
  const second = open(saved)
  expect(numbers(await readAll(second, sink))).toEqual(upTo(last))
  expect(second.counts).toMatchObject({ lines: last - 4, lostFiles: 0 })
})

test('a line has the same name before and after a restart', async () => {
  const { path, sink, open } = follow()
  writeFileSync(path, text(1, 4))
  const first = open()
  await first.poll({ take: () => undefined, close: () => undefined, isFull: () => true })
  const saved = first.save()
  await readAll(first, sink)
  const again = new KeptLines()
  await readAll(open(saved), again)
  expect(again.places).toEqual(sink.places)
})

test('a log that was removed before it was read to its end is said, and the new one is read whole', async () => {
  const { path, sink, said, open } = follow()
  writeFileSync(path, text(1, 4))
  const first = open()
  await readAll(first, sink)
  const saved = first.save()
  await first.close()
  appendFileSync(path, text(5, 6))
  writeFileSync(`${path}.1.gz`, 'compressed')
  unlinkSync(path)
  writeFileSync(`${path}.keeps-the-inode-busy`, '')
  writeFileSync(path, text(7, 8))
  const second = open(saved)
  expect(numbers(await readAll(second, sink))).toEqual([1, 2, 3, 4, 7, 8])
  expect(second.counts.lostFiles).toBe(1)
  expect(said.join()).toContain('removed, compressed or truncated before it was read to its end')
})

test('a pattern finds new files, forgets those that vanished, and reads no rotated one twice', async () => {
  const folder = temporaryFolder()
  const { clock, sink, open } = follow({ files: [join(folder, '*', 'app*')], exclude: ['*.bak'] }, folder)
  mkdirSync(join(folder, 'a'))
  const path = join(folder, 'a', 'app.log')
  writeFileSync(path, text(1, 2))
  writeFileSync(`${path}.bak`, text(1000, 1001))
  const tail = open()
  await readAll(tail, sink)
  renameSync(path, `${path}.1`)
  writeFileSync(path, text(3, 4))
  mkdirSync(join(folder, 'b'))
  writeFileSync(join(folder, 'b', 'app-2.log'), text(5, 6))
  for (let round = 0; round < 6; round++) {
    clock.turn(6000)
    await readAll(tail, sink)
  }
  renameSync(`${path}.1`, `${path}.2`)
  renameSync(path, `${path}.1`)
  writeFileSync(path, text(7, 8))
  for (let round = 0; round < 6; round++) {
    clock.turn(6000)
    await readAll(tail, sink)
  }
  expect(numbers(sink.lines)).toEqual(upTo(8))
  const reopened = open(JSON.parse(JSON.stringify(tail.save())))
  clock.turn(6000)
  await readAll(reopened, sink)
  expect(sink.lines).toHaveLength(8)
  rmSync(join(folder, 'b'), { recursive: true })
  for (let round = 0; round < 6; round++) {
    clock.turn(6000)
    await readAll(tail, sink)
  }
  expect(tail.standing().files).toBe(1)
})

test('no more files than the bound are followed; the others are counted and said', async () => {
  const folder = temporaryFolder()
  for (let index = 0; index < maxFiles + 3; index++) writeFileSync(join(folder, `${index}.log`), '')
  const { said, sink, open } = follow({ files: [join(folder, '*.log')] }, folder)
  const tail = open()
  await readAll(tail, sink)
  expect(tail.standing()).toMatchObject({ files: maxFiles, overflow: 3 })
  expect(said.join()).toContain(`more than ${maxFiles} files match`)
})

test('a full sink stops the reading, and nothing is lost or taken twice when it goes on', async () => {
  const { path, sink, open } = follow()
  writeFileSync(path, text(1, 20_000))
  const tail = open()
  const take = sink.take.bind(sink)
  sink.take = (...given) => {
    take(...given)
    sink.full = true
  }
  let turns = 0
  while (await tail.poll(sink)) {
    turns++
    sink.full = false
  }
  expect(turns).toBeGreaterThan(3)
  expect(numbers(sink.lines)).toEqual(upTo(20_000))
})

test('a link is followed to its file, and a folder or a file that may not be read is no crash', async () => {
  const { path, folder, sink, open } = follow()
  writeFileSync(join(folder, 'real'), 'through a link\n')
  symlinkSync(join(folder, 'real'), path)
  expect(await readAll(open(), sink)).toEqual(['through a link'])
  unlinkSync(path)
  mkdirSync(path)
  const tail = open()
  await readAll(tail, sink)
  expect(tail.standing().files).toBe(0)
})

test('what was saved may be anything', async () => {
  const { path, sink, open } = follow()
  writeFileSync(path, 'line\n')
  for (const saved of [null, 'x', { files: [1, {}] }, { savedMs: 1, files: [{ path: 1 }] }]) {
    sink.lines.length = 0
    expect(await readAll(open(saved), sink)).toEqual(['line'])
  }
})

import type { FileHandle } from 'node:fs/promises'
import { readLines, writeAll } from './spool-file.ts'
import { compactionKey } from './spool-record.ts'

/** Which lines of a spool stay when it is rewritten. */
interface Selection {
  /** Where each line that stays begins, ascending. */
  readonly starts: readonly number[]
  readonly bytes: number
  /** Lines given up because a later one has the same key. */
  readonly compacted: number
  /** Lines given up because it was too much even so, the oldest first. */
  readonly dropped: number
}

/** Keeps the last line of each key, in their order, and of those the newest that fit into `maxBytes`. */
export async function selectLast(file: FileHandle, from: number, to: number, maxBytes: number): Promise<Selection> {
  const last = new Map<string, { start: number; bytes: number }>()
  let lines = 0
  for await (const line of readLines(file, from, to)) {
    lines++
    const key = compactionKey(line.bytes)
    if (key === undefined) continue
    last.delete(key)
    last.set(key, { start: line.start, bytes: line.end - line.start })
  }
  const kept = [...last.values()]
  let bytes = kept.reduce((sum, line) => sum + line.bytes, 0)
  let dropped = 0
  for (; bytes > maxBytes && dropped < kept.length; dropped++) bytes -= kept[dropped]?.bytes ?? 0
  return { starts: kept.slice(dropped).map((line) => line.start), bytes, compacted: lines - kept.length, dropped }
}

/** Writes the selected lines to `target` at `offset`. Returns the offset behind them. */
export async function copyLines(
  file: FileHandle,
  from: number,
  to: number,
  starts: readonly number[] | 'all',
  target: FileHandle,
  offset: number,
): Promise<number> {
  let index = 0
  let batch: Buffer[] = []
  let batchBytes = 0
  const flush = async (): Promise<void> => {
    await writeAll(target, Buffer.concat(batch), offset)
    offset += batchBytes
    batch = []
    batchBytes = 0
  }
  for await (const line of readLines(file, from, to)) {
    if (line.bytes === undefined || (starts !== 'all' && starts[index] !== line.start)) continue
    index++
    batch.push(line.bytes, newline)
    batchBytes += line.bytes.length + 1
    if (batchBytes >= flushBytes) await flush()
  }
  await flush()
  return offset
}

const newline = Buffer.from('\n')
const flushBytes = 1024 * 1024

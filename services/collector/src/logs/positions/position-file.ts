import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isoTime } from '@nightshift/shared/clock'
import { ContractError } from '@nightshift/shared/errors'
import { isObject, parseObject } from '../../json-object.ts'
import { assertNotNewer, readIfThere, replaceFile } from '../../state-files/state-file.ts'
import { noCounts, type LineCounts } from '../sources/log-source.ts'

/** Version of the file. Older ones are turned into this one when they are read. */
const schemaVersion = 1

/** How far a log was read, with everything that was counted up to there. */
export interface Position {
  /** `files`, `docker`, `cri` or `journald`: a place in one means nothing in another. */
  readonly kind: string
  readonly savedMs: number
  /** Written by an orderly stop: nothing was read after it. */
  readonly isLast: boolean
  readonly counts: LineCounts
  readonly source: unknown
  readonly analysis: unknown
}

/**
 * The position of an earlier run; undefined when there is none. Throws ContractError `position_file` when it cannot be understood, and
 * ConflictError `newer_state` when a newer version of this program wrote it.
 */
export async function readPosition(path: string): Promise<Position | undefined> {
  const text = await readIfThere(path)
  return text === undefined ? undefined : parsePosition(text, path)
}

/** The position as text. Taken at once, because what it is made of goes on changing. */
export function formatPosition({ kind, savedMs, isLast, counts, source, analysis }: Position): string {
  const { lostFiles, ...rest } = counts
  return JSON.stringify({
    schema_version: schemaVersion,
    kind,
    saved_time: isoTime(savedMs),
    is_last: isLast,
    counts: { ...rest, lost_files: lostFiles },
    source,
    analysis,
  })
}

/** Whole or not at all, and on the disk when it resolves. */
export async function writePosition(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await replaceFile(path, async (file) => await file.writeFile(text))
}

export function parsePosition(text: string, path: string): Position {
  const value = parseObject(text)
  if (value === undefined) throw broken(path)
  const version = value['schema_version']
  assertNotNewer(version, schemaVersion, path)
  const { kind, saved_time: savedTime, is_last: isLast, counts, source, analysis } = value
  const savedMs = typeof savedTime === 'string' ? Date.parse(savedTime) : Number.NaN
  if (version !== schemaVersion || typeof kind !== 'string' || Number.isNaN(savedMs) || !isObject(counts)) throw broken(path)
  return { kind, savedMs, isLast: isLast === true, counts: toCounts(counts), source, analysis }
}

function toCounts(value: Record<string, unknown>): LineCounts {
  const count = (name: string): number => {
    const number = value[name]
    return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : 0
  }
  const counts = noCounts()
  for (const name of Object.keys(counts) as (keyof LineCounts)[]) counts[name] = count(name === 'lostFiles' ? 'lost_files' : name)
  return counts
}

function broken(path: string): ContractError {
  return new ContractError('position_file', `${path} is not a position in a log`)
}

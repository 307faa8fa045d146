import type { FilePosition } from './followed-file.ts'
import { isObject } from '../../json-object.ts'

/** Where the files of one log were left. */
export interface SavedFiles {
  readonly savedMs: number
  readonly files: readonly FilePosition[]
  /** Read to their end; not followed any more. */
  readonly finished: readonly FilePosition[]
}

/** What `FileTail.save` gave; undefined when it is something else, and then the log is seen as for the first time. */
export function parseFilePositions(value: unknown): SavedFiles | undefined {
  if (!isObject(value) || typeof value['savedMs'] !== 'number' || !Array.isArray(value['files'])) return undefined
  const finished: unknown[] = Array.isArray(value['finished']) ? value['finished'] : []
  return { savedMs: value['savedMs'], files: value['files'].filter(isFilePosition), finished: finished.filter(isFilePosition) }
}

function isFilePosition(value: unknown): value is FilePosition {
  if (!isObject(value) || !isObject(value['head'])) return false
  const { path, dev, ino, offset, skipping, isRotated, head } = value
  const numbers = [dev, ino, offset, head['bytes']]
  return (
    typeof path === 'string' &&
    typeof skipping === 'boolean' &&
    typeof isRotated === 'boolean' &&
    typeof head['sha256'] === 'string' &&
    numbers.every((number) => typeof number === 'number' && number >= 0)
  )
}

import { closeSync, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Excludes } from '../../archive/walk/exclude.ts'
import type { FolderMaterial } from '../source.ts'

const magic = Buffer.from('SQLite format 3\0', 'latin1')
/** A database is made of whole pages, and the smallest has 512 bytes: other files need not be opened. */
const smallestPageBytes = 512
/** A look takes microseconds; other work of the process gets its turn in between. */
const looksPerTurn = 512
const maxDepth = 256

/**
 * The SQLite databases in a folder, by their header, among what is not left out. A name that is no text is none that an application gives to a
 * database.
 */
export async function* findDatabases(folder: FolderMaterial, signal: AbortSignal): AsyncGenerator<string> {
  const top = looked(folder.path)
  if (top === undefined) return
  if (top.isFile()) {
    if (isDatabase(folder.path, folder)) yield folder.path
    return
  }
  const excludes = folder.exclude.length === 0 ? undefined : new Excludes(folder.exclude, folder.path)
  const waiting: string[][] = [[]]
  for (let segments = waiting.pop(); segments !== undefined; segments = waiting.pop()) {
    signal.throwIfAborted()
    const path = [folder.path.replace(/\/$/, ''), ...segments].join('/')
    if (folder.oneFileSystem && looked(path)?.dev !== top.dev) continue
    const entries = await readdir(path === '' ? '/' : path, { withFileTypes: true }).catch(() => [])
    let looks = 0
    for (const entry of entries) {
      if (!entry.isDirectory() && !entry.isFile()) continue
      const below = [...segments, entry.name]
      if (excludes?.has(below, entry.isDirectory()) === true) continue
      if (entry.isDirectory()) {
        if (below.length < maxDepth) waiting.push(below)
        continue
      }
      if (++looks % looksPerTurn === 0) await nextTurn()
      const file = `${path}/${entry.name}`
      if (isDatabase(file, folder)) yield file
    }
  }
}

function isDatabase(path: string, { excludeLargerThanBytes }: FolderMaterial): boolean {
  const sizeBytes = looked(path)?.size ?? 0
  if (
    sizeBytes < smallestPageBytes ||
    sizeBytes % smallestPageBytes !== 0 ||
    sizeBytes > (excludeLargerThanBytes ?? Number.POSITIVE_INFINITY)
  )
    return false
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return false
  }
  try {
    const head = Buffer.alloc(magic.length)
    return readSync(file, head, 0, head.length, 0) === head.length && head.equals(magic)
  } catch {
    return false
  } finally {
    closeSync(file)
  }
}

/** What cannot be looked at is reported by the archive, which comes upon it too. */
function looked(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

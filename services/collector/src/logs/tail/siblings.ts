import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'

/** A file that may hold what a log held before it was rotated. */
export interface Sibling {
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
  readonly isCompressed: boolean
}

const maxSiblings = 256
const compressed = /\.(?:gz|bz2|xz|zst|lz4|zip|Z)$/

/** The files beside a log whose names begin as its own: `app.log.1`, `app.log-20260101`, `app-2026.log`, `app.log.2.gz`; newest last. */
export async function findSiblings(path: string): Promise<Sibling[]> {
  const own = basename(path)
  const stem = basename(own, extname(own))
  const names = await readdir(dirname(path)).catch(() => [])
  const alike = names.filter((name) => name !== own && name.startsWith(stem))
  // A folder may hold years of them; the names of the nearest generations sort first or last.
  const near = alike.length <= maxSiblings ? alike : [...alike.slice(0, maxSiblings / 2), ...alike.slice(-maxSiblings / 2)]
  const siblings: Sibling[] = []
  for (const name of near) {
    const found = await stat(join(dirname(path), name)).catch(() => undefined)
    if (found?.isFile() !== true) continue
    const { dev, ino, size, mtimeMs } = found
    siblings.push({ path: join(dirname(path), name), dev, ino, size, mtimeMs, isCompressed: compressed.test(name) })
  }
  return siblings.sort((a, b) => a.mtimeMs - b.mtimeMs)
}

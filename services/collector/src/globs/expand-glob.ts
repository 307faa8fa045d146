import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { namePattern } from './name-pattern.ts'

/** Entries of folders that are looked at for one pattern. */
const maxEntries = 20_000
const maxDepth = 8

export function isGlob(path: string): boolean {
  return /[*?[]/.test(path)
}

/** The paths that a pattern stands for, sorted: `*` and `?` within a name, `[abc]`, and `**` for up to eight folders. Bounded. */
export async function expandGlob(pattern: string): Promise<string[]> {
  const found = new Set<string>()
  const budget = { entries: maxEntries }
  await walk('/', pattern.split('/').filter(Boolean), budget, found, 0)
  return [...found].sort()
}

async function walk(folder: string, segments: readonly string[], budget: { entries: number }, found: Set<string>, depth: number) {
  const [segment, ...rest] = segments
  if (segment === undefined) return
  if (segment !== '**' && !isGlob(segment)) {
    const path = join(folder, segment)
    if (rest.length > 0) await walk(path, rest, budget, found, depth)
    else if ((await stat(path).catch(() => undefined))?.isFile() === true) found.add(path)
    return
  }
  if (segment === '**') await walk(folder, rest, budget, found, depth)
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  budget.entries -= entries.length
  if (budget.entries < 0 || depth > maxDepth) return
  const pattern = segment === '**' ? undefined : compileName(segment)
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (pattern === undefined) {
      if (entry.isDirectory()) await walk(path, segments, budget, found, depth + 1)
    } else if (pattern(entry.name)) {
      // A link may lead to a file: /var/log/containers holds nothing else.
      if (rest.length > 0) await walk(path, rest, budget, found, depth)
      else if (entry.isFile() || entry.isSymbolicLink()) found.add(path)
    }
  }
}

/** A name with `*`, `?` and `[abc]`. A leading dot must be written out, as in a shell. */
export function compileName(glob: string): (name: string) => boolean {
  return namePattern(glob, { marks: true, sets: true, hidesDots: true })
}

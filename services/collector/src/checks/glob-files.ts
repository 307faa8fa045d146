import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Names looked at in one search. */
const maxEntries = 20_000

/**
 * The paths that fit a pattern: `*` and `?` in any of its parts, never across a slash. Sorted by name, at most `limit`. A path without
 * them is given as it is when something is there. Throws when there are too many names to look at.
 */
export async function findFiles(pattern: string, limit: number): Promise<string[]> {
  let folders = ['/']
  let seen = 0
  const parts = pattern.split('/').filter((part) => part !== '')
  for (const part of parts) {
    if (!isPattern(part)) {
      folders = folders.map((folder) => join(folder, part))
      continue
    }
    const next: string[] = []
    for (const folder of folders) {
      for (const name of await namesOf(folder)) {
        if (++seen > maxEntries) throw new Error(`more than ${maxEntries} names to look at for ${pattern}: name the folder more closely`)
        if (fitsWildcards(name, part) && (!name.startsWith('.') || part.startsWith('.'))) next.push(join(folder, name))
      }
    }
    folders = next.toSorted()
  }
  const found: string[] = []
  for (const path of folders) {
    if (found.length < limit && (await isThere(path))) found.push(path)
  }
  return found
}

/** Whether it is a pattern, and not a plain name. */
export function isPattern(path: string): boolean {
  return /[*?]/.test(path)
}

/** `*` is any text, `?` any one character. In steps of at most name times pattern, which a regular expression would not promise. */
export function fitsWildcards(name: string, pattern: string): boolean {
  let at = 0
  let next = 0
  let star = -1
  let resume = 0
  while (at < name.length) {
    const wanted = pattern[next]
    if (wanted === '*') {
      star = next++
      resume = at
    } else if (wanted === '?' || (wanted !== undefined && wanted === name[at])) {
      at++
      next++
    } else if (star !== -1) {
      next = star + 1
      at = ++resume
    } else {
      return false
    }
  }
  while (pattern[next] === '*') next++
  return next === pattern.length
}

async function namesOf(folder: string): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const entry of await opendir(folder)) {
      names.push(entry.name)
      if (names.length > maxEntries) break
    }
  } catch (error) {
    if (isAbsence(error)) return []
    throw error
  }
  return names
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isAbsence(error)) return false
    throw error
  }
}

/** Nothing of that name, or something that is no folder on the way to it. */
export function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

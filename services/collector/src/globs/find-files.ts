import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { namePattern } from './name-pattern.ts'

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
    const isWanted = namePattern(part, { marks: true, hidesDots: true })
    for (const folder of folders) {
      for (const name of await namesOf(folder)) {
        if (++seen > maxEntries) throw new Error(`more than ${maxEntries} names to look at for ${pattern}: name the folder more closely`)
        if (isWanted(name)) next.push(join(folder, name))
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

import { lstat, readdir } from 'node:fs/promises'
import { namePattern } from '../../globs/name-pattern.ts'
import { insideRoot, type HostPaths } from '../../procfs/host-paths.ts'
import { isMissing, whyUnread } from './unread.ts'

/** Paths that one pattern may stand for, and names that one folder may have; of more, the first are taken and it is said. */
const maxPaths = 1000
const maxNames = 50_000

export interface GlobResult {
  /** Paths as the host calls them, in order. */
  readonly paths: readonly string[]
  readonly unread: readonly string[]
}

/** What a pattern stands for on the host. `*` and `?` stand for anything within one name, but not for a dot at its beginning. */
export async function expandPattern(host: HostPaths, pattern: string, signal: AbortSignal): Promise<GlobResult> {
  const unread: string[] = []
  let found = ['']
  for (const segment of pattern.split('/').filter((each) => each !== '')) {
    const next: string[] = []
    for (const parent of found) {
      signal.throwIfAborted()
      if (!/[*?]/.test(segment)) {
        next.push(`${parent}/${segment}`)
        continue
      }
      const names = await namesIn(host, parent, unread)
      const isWanted = namePattern(segment, { marks: true, hidesDots: true })
      for (const name of names) if (isWanted(name)) next.push(`${parent}/${name}`)
    }
    if (next.length > maxPaths) unread.push(`${pattern} stands for more than ${maxPaths} paths; the rest was left out`)
    found = next.slice(0, maxPaths)
  }
  const paths = /[*?]/.test(pattern) ? await existing(host, found) : found
  return { paths: paths.map((path) => (path === '' ? '/' : path)), unread }
}

async function namesIn(host: HostPaths, folder: string, unread: string[]): Promise<string[]> {
  try {
    return (await readdir(insideRoot(host, folder === '' ? '/' : folder))).slice(0, maxNames).toSorted()
  } catch (error) {
    if (!isMissing(error)) unread.push(whyUnread(folder, error))
    return []
  }
}

/** A pattern like `/srv/*` + `/.env` names a file that need not be in each folder. */
async function existing(host: HostPaths, paths: readonly string[]): Promise<string[]> {
  const kept: string[] = []
  for (const path of paths) {
    try {
      await lstat(insideRoot(host, path))
      kept.push(path)
    } catch (error) {
      if (!isMissing(error)) kept.push(path)
    }
  }
  return kept
}

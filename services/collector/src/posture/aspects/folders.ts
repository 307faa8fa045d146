import { lstat, readdir } from 'node:fs/promises'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { readAccountNames, type AccountNames } from '../accounts/account-names.ts'
import { expandPattern } from '../files/host-glob.ts'
import { ownershipText } from '../files/mode-text.ts'
import { isMissing, whyUnread } from '../files/unread.ts'
import { maxFacts, newLook, type Facts, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Patterns = NonNullable<CollectorConfig['security']>['folders']

/** Permissions and owners of folders and of what is directly in them are what they were. */
export async function lookAtFolders(patterns: Patterns, context: LookContext): Promise<Look> {
  const { host, signal } = context
  const look = newLook()
  const names = await readAccountNames(host)
  for (const pattern of patterns) {
    const { paths, unread } = await expandPattern(host, pattern, signal)
    look.unread.push(...unread)
    if (paths.length === 0 && unread.length === 0) look.unread.push(`nothing is there that matches ${pattern}`)
    for (const path of paths) look.parts.set(path, await factsOf(path, names, look, context))
  }
  return look
}

async function factsOf(folder: string, names: AccountNames, look: Look, { host, signal }: LookContext): Promise<Facts | null> {
  const facts: Facts = new Map()
  try {
    const inside = await readdir(insideRoot(host, folder))
    if (inside.length > maxFacts) look.unread.push(`${folder} holds more than ${maxFacts} entries; the rest was left out`)
    const entries = inside.slice(0, maxFacts).map((name) => (folder === '/' ? `/${name}` : `${folder}/${name}`))
    for (const path of [folder, ...entries]) {
      signal.throwIfAborted()
      const stats = await lstat(insideRoot(host, path)).catch((error: unknown) => (isMissing(error) ? undefined : Promise.reject(error)))
      if (stats === undefined || stats.isSymbolicLink()) continue
      facts.set(`permissions of ${plainText(path)}`, { text: ownershipText(stats, names) })
      look.lookedAt++
    }
    return inside.length > maxFacts ? null : facts
  } catch (error) {
    if (signal.aborted) throw error
    look.unread.push(whyUnread(folder, error))
    return null
  }
}

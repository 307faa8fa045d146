import type { Stats } from 'node:fs'
import type { CollectorConfig } from '../../config.ts'
import { exclusion } from '../../globs/exclusion.ts'
import { readAccountNames } from '../accounts/account-names.ts'
import { modeText, ownershipText, permissionsOf } from '../files/mode-text.ts'
import { walk } from '../files/walk.ts'
import { maxFacts, newLook, type Facts, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Options = NonNullable<CollectorConfig['security']>['files']

const othersWrite = 0o002
const sticky = 0o1000
const setuidOrSetgid = 0o6000
const anyoneRuns = 0o111
/** Findings that are kept; more of the kind say nothing new. */
const maxFindings = 1000

/** Nothing under the listed folders is writable by anybody, and no setuid program is new. */
export async function lookAtFiles(options: Options, { host, signal }: LookContext): Promise<Look> {
  const look = newLook()
  const names = await readAccountNames(host)
  for (const root of options.roots) {
    const programs: Facts = new Map()
    const end = await walk(
      { host, root, maxEntries: options.max_entries, isExcluded: exclusion(options.exclude), signal },
      (path, stats) => {
        if (isWritableByAnybody(stats) && look.findings.length < maxFindings) {
          const text = `anybody may write to ${plainText(path)} (${modeText(permissionsOf(stats))})`
          look.findings.push({ text, level: stats.isFile() && (stats.mode & anyoneRuns) !== 0 ? 'critical' : 'warning' })
        }
        if (isPrivileged(stats) && programs.size < maxFacts)
          programs.set(`setuid program ${plainText(path)}`, { text: ownershipText(stats, names) })
      },
    )
    look.lookedAt += end.entries
    look.unread.push(...end.unread)
    look.parts.set(root, end.isComplete ? programs : null)
  }
  return look
}

/** In a folder with the sticky bit everybody may write, but only to what is theirs. Links have no mode of their own. */
function isWritableByAnybody(stats: Stats): boolean {
  if ((stats.mode & othersWrite) === 0) return false
  return stats.isFile() || (stats.isDirectory() && (stats.mode & sticky) === 0)
}

/** A file that runs with the rights of its owner or group, whoever starts it. */
function isPrivileged(stats: Stats): boolean {
  return stats.isFile() && (stats.mode & setuidOrSetgid) !== 0 && (stats.mode & anyoneRuns) !== 0
}

import { stat } from 'node:fs/promises'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { readAccountNames } from '../accounts/account-names.ts'
import { expandPattern } from '../files/host-glob.ts'
import { modeText, permissionsOf } from '../files/mode-text.ts'
import { whyUnread } from '../files/unread.ts'
import { newLook, type Finding, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Rules = NonNullable<CollectorConfig['security']>['permissions']
type Rule = Rules[number]

/** The listed files and folders are open to nobody but those they may be open to. */
export async function lookAtPermissions(rules: Rules, { host, signal }: LookContext): Promise<Look> {
  const look = newLook()
  const names = await readAccountNames(host)
  for (const rule of rules) {
    const { paths, unread } = await expandPattern(host, rule.path, signal)
    look.unread.push(...unread)
    if (paths.length === 0 && unread.length === 0) look.unread.push(`nothing is there that matches ${rule.path}`)
    for (const path of paths) {
      signal.throwIfAborted()
      try {
        const stats = await stat(insideRoot(host, path))
        look.lookedAt++
        const seen = { mode: permissionsOf(stats), owner: names.user(stats.uid), group: names.group(stats.gid) }
        look.findings.push(...judgePermissions(path, rule, seen))
      } catch (error) {
        look.unread.push(whyUnread(path, error))
      }
    }
  }
  return look
}

/** A mode that allows less than one of those that are configured is fine too. */
export function judgePermissions(path: string, rule: Rule, seen: { mode: number; owner: string; group: string }): Finding[] {
  const name = plainText(path)
  const findings: Finding[] = []
  if (!rule.mode.some((allowed) => (seen.mode & ~allowed) === 0)) {
    const isOpenToAll = (seen.mode & 0o002) !== 0
    const wanted = rule.mode.map(modeText).join(' or ')
    findings.push({ text: `${name} is ${modeText(seen.mode)}, at most ${wanted} is right`, level: isOpenToAll ? 'critical' : 'warning' })
  }
  if (rule.owner !== undefined && seen.owner !== rule.owner)
    findings.push({ text: `${name} belongs to ${seen.owner}, not to ${rule.owner}`, level: 'warning' })
  if (rule.group !== undefined && seen.group !== rule.group)
    findings.push({ text: `${name} belongs to group ${seen.group}, not to ${rule.group}`, level: 'warning' })
  return findings
}

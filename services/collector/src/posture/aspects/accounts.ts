import { readAccounts, readGroups, type Account } from '../accounts/account-file.ts'
import { whyUnread } from '../files/unread.ts'
import { maxFacts, newLook, type Facts, type Finding, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

/** Accounts and groups are what they were, only one is root, and all have a password or none to log in with. */
export async function lookAtAccounts(_: unknown, { host }: LookContext): Promise<Look> {
  const look = newLook()
  try {
    const accounts = await readAccounts(host)
    look.lookedAt += accounts.length
    look.findings.push(...judgeAccounts(accounts))
    look.parts.set('accounts', accountFacts(accounts))
    if (accounts.length > maxFacts) look.unread.push(`/etc/passwd has more than ${maxFacts} accounts; the rest was left out`)
  } catch (error) {
    look.parts.set('accounts', null)
    look.unread.push(whyUnread('/etc/passwd', error))
  }
  try {
    const groups = await readGroups(host)
    look.lookedAt += groups.length
    const facts: Facts = new Map()
    for (const { name, gid, members } of groups.slice(0, maxFacts)) {
      const text = members.length === 0 ? `gid ${gid}, nobody in it` : `gid ${gid}, with ${members.toSorted().join(', ')}`
      facts.set(`group ${plainText(name, 64)}`, { text: plainText(text, 1024) })
    }
    look.parts.set('groups', facts)
  } catch (error) {
    look.parts.set('groups', null)
    look.unread.push(whyUnread('/etc/group', error))
  }
  return look
}

export function judgeAccounts(accounts: readonly Account[]): Finding[] {
  return accounts.flatMap(({ name, uid, hasNoPassword }): Finding[] => {
    const shown = plainText(name, 64)
    return [
      ...(uid === 0 && name !== 'root' ? [{ text: `account ${shown} has the number of root`, level: 'critical' as const }] : []),
      ...(hasNoPassword ? [{ text: `account ${shown} needs no password`, level: 'critical' as const }] : []),
    ]
  })
}

function accountFacts(accounts: readonly Account[]): Facts {
  return new Map(
    accounts
      .slice(0, maxFacts)
      .map(({ name, uid, gid, home, shell }) => [
        `account ${plainText(name, 64)}`,
        { text: plainText(`uid ${uid}, gid ${gid}, home ${home}, shell ${shell}`, 1024) },
      ]),
  )
}

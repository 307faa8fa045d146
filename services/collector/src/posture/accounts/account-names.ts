import type { HostPaths } from '../../procfs/host-paths.ts'
import { plainText } from '../plain-text.ts'
import { readAccounts, readGroups } from './account-file.ts'

/** Names of the host's accounts by number. In a container they are not those of the container. */
export interface AccountNames {
  user(uid: number): string
  group(gid: number): string
}

/** Where the files cannot be read the numbers stand for the names. */
export async function readAccountNames(host: HostPaths): Promise<AccountNames> {
  const [accounts, groups] = await Promise.all([readAccounts(host).catch(() => []), readGroups(host).catch(() => [])])
  // Of several accounts of one number the first is the one that ls shows.
  const users = new Map(accounts.toReversed().map(({ uid, name }) => [uid, plainText(name, 64)]))
  const groupNames = new Map(groups.toReversed().map(({ gid, name }) => [gid, plainText(name, 64)]))
  return { user: (uid) => users.get(uid) ?? String(uid), group: (gid) => groupNames.get(gid) ?? String(gid) }
}

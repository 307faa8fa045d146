import { insideRoot, type HostPaths } from '../../procfs/host-paths.ts'
import { readRegularFile } from '../files/regular-file.ts'

/** Some 15,000 accounts. */
const maxBytes = 1024 * 1024
const maxLines = 20_000

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
  /** The second field is empty: no password is asked for. */
  readonly hasNoPassword: boolean
}

export interface Group {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

export async function readAccounts(host: HostPaths): Promise<Account[]> {
  return parseAccounts((await readRegularFile(insideRoot(host, '/etc/passwd'), maxBytes)).bytes.toString('utf8'))
}

export async function readGroups(host: HostPaths): Promise<Group[]> {
  return parseGroups((await readRegularFile(insideRoot(host, '/etc/group'), maxBytes)).bytes.toString('utf8'))
}

/** Lines of passwd(5). What is none, such as the + of NIS, is left out. */
export function parseAccounts(text: string): Account[] {
  return linesOf(text).flatMap((line) => {
    const [name, password, uid, gid, , home, shell] = line.split(':')
    if (!name || !isNumber(uid) || !isNumber(gid) || home === undefined || shell === undefined) return []
    return [{ name, uid: Number(uid), gid: Number(gid), home, shell, hasNoPassword: password === '' }]
  })
}

/** Lines of group(5). */
export function parseGroups(text: string): Group[] {
  return linesOf(text).flatMap((line) => {
    const [name, , gid, members] = line.split(':')
    if (!name || !isNumber(gid) || members === undefined) return []
    return [{ name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }]
  })
}

function linesOf(text: string): string[] {
  return text.split('\n', maxLines)
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text)
}

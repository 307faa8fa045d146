import { readFileSync, statSync } from 'node:fs'

const maxFileBytes = 16 * 1024 ** 2

/** Names of users and groups, from the files of this host; accounts of a directory service have none here. */
export class AccountNames {
  readonly #users = readAccounts('/etc/passwd')
  readonly #groups = readAccounts('/etc/group')

  user(uid: number): string | undefined {
    return this.#users.get(uid)
  }

  group(gid: number): string | undefined {
    return this.#groups.get(gid)
  }
}

/** In both files the name is the first field and the number the third. */
function readAccounts(file: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  try {
    if (statSync(file).size > maxFileBytes) return names
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [name, , id] = line.split(':')
      if (name !== undefined && name !== '' && id !== undefined && !names.has(Number(id))) names.set(Number(id), name)
    }
  } catch {
    // Without the file the numbers alone are kept, which is what restores go by.
  }
  return names
}

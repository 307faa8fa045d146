import { readFileSync } from 'node:fs'

/** Larger account files belong to directories such as LDAP, not to a file. */
const maxBytes = 4 * 1024 * 1024

export interface User {
  readonly uid: number
  readonly gid: number
}

/** A user of this machine, by /etc/passwd; those of a directory service are not found. */
export function findUser(name: string): User | undefined {
  const fields = findLine('/etc/passwd', (each) => each[0] === name)
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) }
}

/** The name of a user or group, or its number where it has no name. */
export function nameOfNumber(kind: 'user' | 'group', id: number, root = ''): string {
  const file = kind === 'user' ? 'passwd' : 'group'
  return findLine(`${root}/etc/${file}`, (each) => Number(each[2]) === id)?.[0] ?? String(id)
}

function findLine(path: string, isWanted: (fields: string[]) => boolean): string[] | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8').slice(0, maxBytes)
  } catch {
    return undefined
  }
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields.length >= 3 && isWanted(fields))
}

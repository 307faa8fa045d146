import type { MysqlSession } from './session.ts'

const maxUsers = 10_000
/** Accounts that each server makes for itself. */
const ownAccounts = new Set(['mysql.sys', 'mysql.session', 'mysql.infoschema', 'mariadb.sys', 'root'])

/** The statements that make the users and their grants; undefined when we may not read them. */
export async function userStatements(session: MysqlSession): Promise<string | undefined> {
  // Hashes of MySQL 8 are no text otherwise; older servers and MariaDB do not know it.
  await session.rows('SET SESSION print_identified_with_as_hex = ON').catch(() => undefined)
  const lines: string[] = []
  try {
    for (const { user, host } of await usersOf(session)) {
      const account = [user, host]
      const made = await session.column('SHOW CREATE USER ?@?', account).catch(() => undefined)
      // MariaDB lists roles among the users.
      if (made === undefined) continue
      for (const statement of made) lines.push(`${String(statement)};`)
      for (const grant of await session.column('SHOW GRANTS FOR ?@?', account)) lines.push(`${String(grant)};`)
    }
  } catch {
    return undefined
  }
  return `${lines.join('\n')}\n`
}

/** Of those statements the ones of users that are not there; who is there keeps password and grants. */
export function missingUserStatements(text: string, present: readonly { user: string; host: string }[]): string[] {
  const known = new Set(present.map(({ user, host }) => `${user}@${host}`))
  return text.split('\n').flatMap((line) => {
    const [, user, host] = /(?:^CREATE USER|^GRANT .* TO) ['`]((?:[^'`])*)['`]@['`]([^'`]*)['`]/.exec(line) ?? []
    return user === undefined || ownAccounts.has(user) || known.has(`${user}@${host}`) ? [] : [line.replace(/;$/, '')]
  })
}

export async function usersOf(session: MysqlSession): Promise<{ user: string; host: string }[]> {
  const rows = await session.rows(`SELECT user AS user, host AS host FROM mysql.user ORDER BY user, host LIMIT ${maxUsers}`)
  return rows.map((row) => ({ user: String(row['user']), host: String(row['host']) })).filter(({ user }) => user !== '')
}

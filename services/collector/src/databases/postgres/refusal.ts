import { codeOf } from '../failure.ts'
import type { ServerAddress } from '../server-address.ts'

/** By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const meanings: Record<string, (address: ServerAddress) => string> = {
  '28P01': ({ target, user }) => `${target} refuses the password of user ${user ?? 'postgres'}`,
  '28000': ({ target, user }) =>
    `${target} does not let user ${user ?? 'postgres'} in from here: look at pg_hba.conf, and whether the role may log in`,
  '3D000': ({ target, user, database }) => `there is no database ${database ?? user ?? 'postgres'} on ${target}`,
  '42501': ({ target, user }) => `user ${user ?? 'postgres'} may not do this on ${target}: grant it the privilege`,
  '53300': ({ target }) => `${target} has no connection left: raise max_connections, or find who holds them`,
  '57P01': ({ target }) => `${target} is being shut down, or an administrator ended the session`,
  '57P02': ({ target }) => `${target} crashed and starts again`,
  '57P03': ({ target }) => `${target} is starting, stopping or recovering, and takes no connections yet`,
  '57014': ({ target }) => `${target} took too long for the query`,
  '25006': ({ target }) => `${target} is read-only: it is a replica, or default_transaction_read_only is on`,
  '55P03': ({ target }) => `a lock on ${target} is held by somebody else`,
}

/** Why PostgreSQL refused, or undefined when it did not answer at all. */
export function postgresRefusal(error: unknown, address: ServerAddress): string | undefined {
  const code = codeOf(error)
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || !(error instanceof Error) || !('severity' in error)) return undefined
  return meanings[code]?.(address) ?? `${address.target} answers with error ${code}: ${error.message}`
}

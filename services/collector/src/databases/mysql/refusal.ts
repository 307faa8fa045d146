import { codeOf } from '../failure.ts'
import type { ServerAddress } from '../server-address.ts'
import { isRefusal } from './connection.ts'

/** By the names that the client gives to the server's error numbers. */
const meanings: Record<string, (address: ServerAddress) => string> = {
  ER_ACCESS_DENIED_ERROR: ({ target, user, password }) =>
    `${target} refuses user ${user ?? 'root'} ${password === undefined ? 'without a password' : 'with this password'}, or does not let it in from here`,
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: ({ target, user }) => `${target} refuses user ${user ?? 'root'} without a password`,
  ER_DBACCESS_DENIED_ERROR: ({ target, user, database }) => `user ${user ?? 'root'} may not use database ${database ?? ''} on ${target}`,
  ER_BAD_DB_ERROR: ({ target, database }) => `there is no database ${database ?? ''} on ${target}`,
  ER_HOST_NOT_PRIVILEGED: ({ target }) => `${target} lets nobody in from this host: look at the hosts of its users`,
  ER_HOST_IS_BLOCKED: ({ target }) => `${target} blocked this host after too many failed attempts: FLUSH HOSTS unblocks it`,
  ER_CON_COUNT_ERROR: ({ target }) => `${target} has no connection left: raise max_connections, or find who holds them`,
  ER_USER_LIMIT_REACHED: ({ target, user }) => `user ${user ?? 'root'} has no connection left on ${target}`,
  ER_SPECIFIC_ACCESS_DENIED_ERROR: ({ target, user }) => `user ${user ?? 'root'} may not do this on ${target}: grant it the privilege`,
  ER_TABLEACCESS_DENIED_ERROR: ({ target, user }) => `user ${user ?? 'root'} may not read this table on ${target}: grant it the privilege`,
  ER_OPTION_PREVENTS_STATEMENT: ({ target }) => `${target} is read-only`,
  ER_QUERY_TIMEOUT: ({ target }) => `${target} took too long for the query`,
  ER_STATEMENT_TIMEOUT: ({ target }) => `${target} took too long for the query`,
  ER_MUST_CHANGE_PASSWORD_LOGIN: ({ target, user }) => `the password of user ${user ?? 'root'} on ${target} has expired`,
  ER_MUST_CHANGE_PASSWORD: ({ target, user }) => `the password of user ${user ?? 'root'} on ${target} has expired`,
  ER_SERVER_SHUTDOWN: ({ target }) => `${target} is being shut down`,
}

/** Why MySQL or MariaDB refused, or undefined when it did not answer at all. */
export function mysqlRefusal(error: unknown, address: ServerAddress): string | undefined {
  const { target } = address
  const code = codeOf(error)
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return `${target} does not offer TLS: remove \`tls\`, or set up a certificate on the server`
  if (code === 'HANDSHAKE_SSL_ERROR' && error instanceof Error)
    return `no TLS with ${target}: ${error.message}; \`insecure: true\` accepts any certificate`
  if (code === 'PROTOCOL_CONNECTION_LOST') return `${target} closed the connection before it answered`
  if (!isRefusal(error)) return undefined
  return meanings[code ?? '']?.(address) ?? `${target} answers with error ${error.errno ?? ''}: ${error.message}`
}

import { openPostgres, postgresPort, type PostgresConnection } from '../databases/postgres/connection.ts'
import { postgresRefusal } from '../databases/postgres/refusal.ts'
import { serverAddress } from '../databases/server-address.ts'
import { orAborted } from '../databases/session.ts'
import type { CheckKind } from './check.ts'
import { checkDatabase } from '../databases/database-check.ts'

/** A PostgreSQL server lets us in and answers: a login, and a statement of the user's where there is one. */
export const postgresCheck: CheckKind<'postgres'> = {
  kind: 'postgres',
  run: async (config, options) =>
    await checkDatabase(config, options, {
      address: serverAddress(config, postgresPort),
      refusal: postgresRefusal,
      open: async (address, progress) => {
        const bounds = { statementTimeoutMs: options.timeoutMs, readOnly: !config.writable }
        const connection = await openPostgres(address, { signal: options.signal, progress, ...bounds })
        return {
          version: versionText(connection.version),
          readOnlyReason: async () => await orAborted(readOnlyReason(connection), options.signal),
          firstValue: async (query) => await orAborted(connection.firstValue(query), options.signal),
          close: () => connection.close(),
        }
      },
    }),
}

async function readOnlyReason(connection: PostgresConnection): Promise<string | undefined> {
  const [row] = await connection.rows("SELECT pg_is_in_recovery() AS replica, current_setting('transaction_read_only') = 'on' AS fixed")
  if (row?.['replica'] === true) return 'it is a replica'
  return row?.['fixed'] === true ? 'default_transaction_read_only is on' : undefined
}

/** 150006 is 15.6. */
function versionText(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`
}

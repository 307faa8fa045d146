import { checkDatabase } from '../databases/database-check.ts'
import { mysqlPort, openMysql, type MysqlConnection } from '../databases/mysql/connection.ts'
import { mysqlRefusal } from '../databases/mysql/refusal.ts'
import { serverAddress } from '../databases/server-address.ts'
import { orAborted } from '../databases/session.ts'
import type { CheckKind } from './check.ts'

/** A MySQL or MariaDB server lets us in and answers: a login, and a statement of the user's where there is one. */
export const mysqlCheck: CheckKind<'mysql'> = {
  kind: 'mysql',
  run: async (config, options) =>
    await checkDatabase(config, options, {
      address: serverAddress(config, mysqlPort),
      refusal: mysqlRefusal,
      open: async (address, progress) => {
        const bounds = { statementTimeoutMs: options.timeoutMs, readOnly: !config.writable }
        const connection = await openMysql(address, { signal: options.signal, progress, ...bounds })
        return {
          version: connection.version,
          readOnlyReason: async () => await orAborted(readOnlyReason(connection), options.signal),
          firstValue: async (query) => await orAborted(connection.firstValue(query), options.signal),
          close: () => connection.close(),
        }
      },
    }),
}

async function readOnlyReason(connection: MysqlConnection): Promise<string | undefined> {
  const [row] = await connection.rows('SELECT @@global.read_only AS fixed')
  return Number(row?.['fixed']) === 0 ? undefined : 'read_only is on, as on a replica'
}

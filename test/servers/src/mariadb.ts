import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from './nats.ts'
import { DatabaseProcess, findProgram, type DatabaseServer } from './postgres.ts'

/** Why MariaDB cannot be started here; undefined when it can. */
export function mariadbObstacle(): string | undefined {
  const missing = findProgram('MARIADBD', 'mariadbd') === undefined || findProgram('MARIADB_INSTALL_DB', 'mariadb-install-db') === undefined
  return missing ? 'no mariadbd and mariadb-install-db: put them on PATH, or set MARIADBD and MARIADB_INSTALL_DB' : undefined
}

export interface MariadbOptions {
  /** Options of mariadbd such as `--max-connections=20`. */
  settings?: readonly string[]
  /** Files in the folder in which the server runs, by name. */
  files?: Readonly<Record<string, string>>
}

/** Starts MariaDB with an administrator `tester`, who logs in by password, and an empty database `shop`. */
export async function startMariadb(options: MariadbOptions = {}): Promise<DatabaseServer & { readonly socket: string }> {
  const [mariadbd, installDb] = [findProgram('MARIADBD', 'mariadbd'), findProgram('MARIADB_INSTALL_DB', 'mariadb-install-db')]
  if (mariadbd === undefined || installDb === undefined) throw new Error(mariadbObstacle())
  const server = new DatabaseProcess('mariadb', ['mysql'])
  const port = await freePort()
  for (const [name, text] of Object.entries(options.files ?? {})) server.write(name, text)
  const password = 'Tester-5ecret'
  const dataDir = join(server.folder, 'data')
  const socket = join(server.folder, 'mariadb.sock')
  const init = [
    'CREATE DATABASE IF NOT EXISTS shop;',
    `CREATE USER IF NOT EXISTS 'tester'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    "GRANT ALL PRIVILEGES ON *.* TO 'tester'@'127.0.0.1' WITH GRANT OPTION;",
  ].join('\n')
  const args = [
    '--no-defaults',
    `--datadir=${dataDir}`,
    `--socket=${socket}`,
    `--pid-file=${join(server.folder, 'mariadb.pid')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    '--skip-log-bin',
    '--innodb-buffer-pool-size=16M',
    '--innodb-flush-log-at-trx-commit=0',
    `--init-file=${server.write('init.sql', `${init}\n`)}`,
    ...(options.settings ?? []),
  ]
  const isReady = async (): Promise<boolean> => server.log().includes('ready for connections') && (await greets(port))
  try {
    const install = ['--no-defaults', `--datadir=${dataDir}`, '--skip-test-db', '--auth-root-authentication-method=normal']
    await server.run(installDb, install)
    await server.start(mariadbd, args, isReady)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    port,
    socket,
    user: 'tester',
    password,
    folder: server.folder,
    get pid() {
      return server.pid
    },
    log: () => server.log(),
    kill: async (signal) => await server.kill(signal),
    async restart() {
      await server.kill('SIGKILL')
      await server.start(mariadbd, args, isReady)
    },
    stop: async () => await server.stop(),
  }
}

/** A server greets whoever connects; it opens the port before it can. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const finish = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1000, () => finish(false))
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
    socket.once('data', () => finish(true))
  })
}

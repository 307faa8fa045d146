import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError, EffectError } from '@nightshift/shared/errors'
import type { ConnectionConfig } from '../../config/source-config.ts'
import { childEnvironment } from '../process/child-environment.ts'
import { findProgram } from '../process/find-program.ts'
import { Program, runProgram } from '../process/program.ts'
import { serverAccount } from '../process/server-account.ts'
import { serverAddress } from '../server-address.ts'
import { WorkFolder } from '../work-folder.ts'
import { mysqlPort } from './port.ts'
import { MysqlSession } from './session.ts'

const startTimeoutMs = 90_000
/** A drill that runs longer has been forgotten. */
const lifeTimeMs = 24 * 3_600_000

/** A MariaDB or MySQL server of our own, reachable by nobody else: a socket in a folder of ours. */
export class ScratchMysql {
  readonly connection: ConnectionConfig
  readonly #server: Program
  readonly #folder: WorkFolder

  private constructor(server: Program, folder: WorkFolder, socket: string) {
    this.#server = server
    this.#folder = folder
    this.connection = { socket, user: 'root' }
  }

  /** Throws EffectError `no_scratch`. */
  static async start(workDir: string, bin: string | undefined, signal: AbortSignal): Promise<ScratchMysql> {
    const server = findProgram(['mariadbd', 'mysqld'], bin)
    const install = findProgram(['mariadb-install-db'], bin)
    if (server === undefined)
      throw new EffectError(
        'no_scratch',
        'there is no mariadbd or mysqld on this host for a scratch server: install the server, or let the drill use a scratch database on the live one',
      )
    const account = serverAccount(['mysql'])
    const folder = await WorkFolder.create(account === undefined && workDir.length < 60 ? workDir : tmpdir(), 'nightshift-my', account)
    const [data, socket] = [join(folder.path, 'data'), join(folder.path, 's')]
    // It removes what it takes for left-overs in TMPDIR.
    const child = {
      ...account,
      env: childEnvironment({ HOME: folder.path, TMPDIR: folder.path }),
      cwd: folder.path,
      signal,
      code: 'no_scratch',
    }
    const init =
      install === undefined
        ? [server, '--no-defaults', '--initialize-insecure', `--datadir=${data}`]
        : [install, '--no-defaults', `--datadir=${data}`, '--skip-test-db', '--auth-root-authentication-method=normal']
    let program: Program | undefined
    try {
      await runProgram({ ...child, argv: init, timeoutMs: startTimeoutMs })
      const options = [
        `--datadir=${data}`,
        `--socket=${socket}`,
        `--pid-file=${join(folder.path, 'pid')}`,
        '--skip-networking',
        '--skip-log-bin',
        '--loose-mysqlx=OFF',
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-buffer-pool-size=64M',
      ]
      program = new Program({ ...child, argv: [server, '--no-defaults', ...options], timeoutMs: lifeTimeMs })
      program.stdout.resume()
      const made = new ScratchMysql(program, folder, socket)
      await made.#untilReady(signal)
      return made
    } catch (cause) {
      await program?.stop()
      await folder.remove()
      if (signal.aborted) throw new EffectError('aborted', 'the run was stopped', { cause, transient: true })
      throw new EffectError('no_scratch', `a scratch server of MySQL could not be started: ${describeError(cause)}`, { cause })
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await this.#folder.remove()
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + startTimeoutMs
    for (;;) {
      signal.throwIfAborted()
      if (this.#server.hasEnded) await this.#server.succeeded()
      try {
        const session = await MysqlSession.open(serverAddress(this.connection, mysqlPort), undefined, signal)
        await session.close()
        return
      } catch (error) {
        if (this.#server.hasEnded || performance.now() > deadline) throw error
      }
      await sleep(100)
    }
  }
}

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
import { postgresPort } from './port.ts'
import { PostgresSession } from './session.ts'

const startTimeoutMs = 60_000
/** A drill that runs longer has been forgotten. */
const lifeTimeMs = 24 * 3_600_000

/** A PostgreSQL server of our own, reachable by nobody else: a socket in a folder of ours. */
export class ScratchCluster {
  readonly connection: ConnectionConfig
  readonly #server: Program
  readonly #data: WorkFolder
  readonly #socket: WorkFolder

  private constructor(server: Program, data: WorkFolder, socket: WorkFolder) {
    this.#server = server
    this.#data = data
    this.#socket = socket
    this.connection = { socket: socket.path, user: 'postgres' }
  }

  /** Throws EffectError `no_scratch`. */
  static async start(workDir: string, folder: string | undefined, signal: AbortSignal): Promise<ScratchCluster> {
    const [initdb, postgres] = [findProgram(['initdb'], folder), findProgram(['postgres'], folder)]
    if (initdb === undefined || postgres === undefined)
      throw new EffectError(
        'no_scratch',
        'there is no initdb and postgres on this host for a scratch server: install the PostgreSQL server, or let the drill use a scratch database on the live one',
      )
    const account = serverAccount(['postgres'])
    // Data and socket apart: the path of a socket may have 107 bytes only.
    const data = await WorkFolder.create(account === undefined ? workDir : tmpdir(), 'nightshift-pg', account)
    const socket = await WorkFolder.create(tmpdir(), 'nightshift-pg', account)
    const child = { ...account, env: childEnvironment({ HOME: data.path, TMPDIR: data.path }), cwd: data.path, signal, code: 'no_scratch' }
    let server: Program | undefined
    try {
      const cluster = join(data.path, 'data')
      const init = [initdb, '-D', cluster, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions']
      await runProgram({ ...child, argv: init, timeoutMs: startTimeoutMs })
      // Nothing in it has to survive.
      const settings = [
        'listen_addresses=',
        `unix_socket_directories=${socket.path}`,
        'fsync=off',
        'full_page_writes=off',
        'synchronous_commit=off',
        'wal_level=minimal',
        'max_wal_senders=0',
        'autovacuum=off',
        'max_connections=20',
        'logging_collector=off',
      ]
      const argv = [postgres, '-D', cluster, ...settings.flatMap((setting) => ['-c', setting])]
      server = new Program({ ...child, argv, timeoutMs: lifeTimeMs, endSignal: 'SIGINT' })
      server.stdout.resume()
      const made = new ScratchCluster(server, data, socket)
      await made.#untilReady(signal)
      return made
    } catch (cause) {
      await server?.stop()
      await data.remove()
      await socket.remove()
      if (signal.aborted) throw new EffectError('aborted', 'the run was stopped', { cause, transient: true })
      throw new EffectError('no_scratch', `a scratch server of PostgreSQL could not be started: ${describeError(cause)}`, { cause })
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await this.#data.remove()
    await this.#socket.remove()
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + startTimeoutMs
    for (;;) {
      signal.throwIfAborted()
      if (this.#server.hasEnded) await this.#server.succeeded()
      try {
        const session = await PostgresSession.open(serverAddress(this.connection, postgresPort), 'postgres', signal)
        await session.close()
        return
      } catch (error) {
        if (this.#server.hasEnded || performance.now() > deadline) throw error
      }
      await sleep(100)
    }
  }
}

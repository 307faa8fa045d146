import { chown, copyFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError, EffectError } from '@nightshift/shared/errors'
import { childEnvironment } from '../process/child-environment.ts'
import { findProgram } from '../process/find-program.ts'
import { Program } from '../process/program.ts'
import { serverAccount, type Account } from '../process/server-account.ts'
import { serverAddress } from '../server-address.ts'
import { WorkFolder } from '../work-folder.ts'
import { RedisConnection, redisPort } from './connection.ts'

const startTimeoutMs = 30_000
/** A large file takes its time. */
const loadTimeoutMs = 3_600_000
/** A drill that runs longer has been forgotten. */
const lifeTimeMs = 24 * 3_600_000

/** A Redis server of our own, reachable by nobody else: a socket in a folder of ours. */
export class ScratchRedis {
  readonly socket: string
  readonly #server: string
  readonly #folder: WorkFolder
  readonly #account: Account | undefined
  readonly #signal: AbortSignal
  #program: Program | undefined

  private constructor(server: string, folder: WorkFolder, account: Account | undefined, signal: AbortSignal) {
    this.#server = server
    this.#folder = folder
    this.#account = account
    this.#signal = signal
    this.socket = join(folder.path, 's')
  }

  /** Empty, or with the data of an RDB file. Throws EffectError `no_scratch`. */
  static async start(bin: string | undefined, signal: AbortSignal, file?: string): Promise<ScratchRedis> {
    const server = findProgram(['redis-server', 'valkey-server'], bin)
    if (server === undefined)
      throw new EffectError('no_scratch', 'there is no redis-server on this host for a scratch server: install it, or set bin_dir')
    const account = serverAccount(['redis'])
    const scratch = new ScratchRedis(server, await WorkFolder.create(tmpdir(), 'nightshift-re', account), account, signal)
    try {
      await scratch.load(file)
      return scratch
    } catch (error) {
      await scratch.stop()
      throw error
    }
  }

  /** Starts it anew with what is in the file. */
  async load(file: string | undefined): Promise<void> {
    await this.#program?.stop()
    const data = this.#folder.file('dump.rdb')
    await rm(data, { force: true })
    if (file !== undefined) {
      await copyFile(file, data)
      if (this.#account !== undefined) await chown(data, this.#account.uid, this.#account.gid)
    }
    const settings = {
      port: '0',
      unixsocket: this.socket,
      unixsocketperm: '700',
      dir: this.#folder.path,
      save: '',
      appendonly: 'no',
      daemonize: 'no',
    }
    this.#program = new Program({
      argv: [this.#server, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])],
      env: childEnvironment({ HOME: this.#folder.path }),
      cwd: this.#folder.path,
      ...this.#account,
      timeoutMs: lifeTimeMs,
      signal: this.#signal,
      code: 'no_scratch',
    })
    this.#program.stdout.resume()
    await this.#untilReady(this.#program, file === undefined ? startTimeoutMs : loadTimeoutMs)
  }

  async stop(): Promise<void> {
    await this.#program?.stop()
    await this.#folder.remove()
  }

  async #untilReady(program: Program, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      if (this.#signal.aborted) throw new EffectError('aborted', 'the run was stopped', { transient: true })
      if (program.hasEnded) await program.succeeded()
      try {
        const connection = await RedisConnection.open(serverAddress({ socket: this.socket }, redisPort), this.#signal)
        connection.close()
        return
      } catch (cause) {
        // It answers LOADING until it has read the file.
        if (program.hasEnded || performance.now() > deadline)
          throw new EffectError('load_failed', `the RDB file could not be loaded by a scratch server: ${describeError(cause)}`, { cause })
      }
      await sleep(100)
    }
  }
}

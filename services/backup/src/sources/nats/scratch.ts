import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EffectError } from '@nightshift/shared/errors'
import type { ConnectionConfig } from '../../config/source-config.ts'
import { childEnvironment } from '../process/child-environment.ts'
import { findProgram } from '../process/find-program.ts'
import { Program } from '../process/program.ts'
import { WorkFolder } from '../work-folder.ts'

const startTimeoutMs = 15_000
/** A drill that runs longer has been forgotten. */
const lifeTimeMs = 24 * 3_600_000

/** A NATS server of our own on loopback, with a password that nobody else knows. */
export class ScratchNats {
  readonly connection: ConnectionConfig
  readonly #server: Program
  readonly #folder: WorkFolder

  private constructor(server: Program, folder: WorkFolder, connection: ConnectionConfig) {
    this.#server = server
    this.#folder = folder
    this.connection = connection
  }

  /** Throws EffectError `no_scratch`. */
  static async start(workDir: string, signal: AbortSignal): Promise<ScratchNats> {
    const program = process.env['NATS_SERVER'] ?? findProgram(['nats-server'])
    if (program === undefined)
      throw new EffectError('no_scratch', 'there is no nats-server on PATH for a scratch server: install it, or set NATS_SERVER')
    const folder = await WorkFolder.create(workDir, 'nats')
    const password = randomBytes(18).toString('base64url')
    const config = `listen: "127.0.0.1:-1"\nports_file_dir: ${JSON.stringify(folder.path)}\nauthorization { user: scratch, password: ${JSON.stringify(password)} }\njetstream { store_dir: ${JSON.stringify(folder.file('store'))} }\n`
    await writeFile(folder.file('nats.conf'), config, { mode: 0o600 })
    const argv = [program, '-c', folder.file('nats.conf')]
    const server = new Program({ argv, env: childEnvironment(), cwd: folder.path, timeoutMs: lifeTimeMs, signal, code: 'no_scratch' })
    server.stdout.resume()
    try {
      const port = await portOf(folder, server)
      return new ScratchNats(server, folder, { host: '127.0.0.1', port, user: 'scratch', password })
    } catch (error) {
      await server.stop()
      await folder.remove()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await this.#folder.remove()
  }
}

/** The server writes `nats-server_<pid>.ports` when it listens. */
async function portOf(folder: WorkFolder, server: Program): Promise<number> {
  const deadline = performance.now() + startTimeoutMs
  while (performance.now() < deadline) {
    if (server.hasEnded) await server.succeeded()
    const file = (await readdir(folder.path)).find((name) => name.endsWith('.ports'))
    const text = file === undefined ? '' : await readFile(folder.file(file), 'utf8')
    const port = /"nats:\/\/127\.0\.0\.1:(\d+)"/.exec(text)?.[1]
    if (port !== undefined) return Number(port)
    await sleep(50)
  }
  throw new EffectError('no_scratch', 'a scratch server of NATS did not begin to listen')
}

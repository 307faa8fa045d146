import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { outputTail } from './nats-process.ts'
import { freePort } from './nats.ts'

const startDeadlineMs = 30_000
const settleMs = 50

/** A program by the variable that names it, else from PATH; undefined when there is none. */
export function findProgram(variable: string, name: string): string | undefined {
  const named = process.env[variable]
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = named ? [named] : folders.map((folder) => join(folder, name))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Who a server runs as that refuses to run as root: the first of these accounts that exists; undefined when we are not root. */
function unprivilegedUser(names: readonly string[]): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of [...names, 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`no account to run a server as: none of ${names.join(', ')}, nobody exists`)
}

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** A database server of this host as a child of the test, with a temporary folder of its own. Loopback only. */
export class DatabaseProcess {
  readonly folder: string
  readonly user: { uid: number; gid: number } | undefined
  #child: ChildProcess | undefined
  #output = ''

  constructor(name: string, accounts: readonly string[]) {
    this.user = unprivilegedUser(accounts)
    this.folder = mkdtempSync(join(tmpdir(), `nightshift-${name}-`))
    if (this.user !== undefined) chownSync(this.folder, this.user.uid, this.user.gid)
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** What it printed last, for the message of a failed test. */
  log(): string {
    return this.#output
  }

  /** Writes a file that the server can read. */
  write(name: string, text: string): string {
    const file = join(this.folder, name)
    writeFileSync(file, text, { mode: 0o600 })
    if (this.user !== undefined) chownSync(file, this.user.uid, this.user.gid)
    return file
  }

  /** Runs a program of the server, such as the one that makes its folder. */
  async run(program: string, args: readonly string[]): Promise<void> {
    await promisify(execFile)(program, args, { ...this.user, cwd: this.folder, timeout: startDeadlineMs, env: this.#environment() })
  }

  /** Starts it and resolves when `isReady` says so. */
  async start(program: string, args: readonly string[], isReady: () => Promise<boolean>): Promise<void> {
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
    const child = spawn(program, args, { ...this.user, cwd: this.folder, stdio, env: this.#environment() })
    this.#child = child
    this.#output = ''
    running.add(child)
    child.once('exit', () => running.delete(child))
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = outputTail(this.#output, text)
      })
    }
    await once(child, 'spawn')
    const deadline = performance.now() + startDeadlineMs
    while (!(await isReady())) {
      if (this.#hasEnded() || performance.now() > deadline) throw new Error(`${program} did not start; it said:\n${this.#output}`)
      await sleep(50)
    }
  }

  /** Sends the signal; for one that ends the process, resolves when it is gone. SIGSTOP and SIGCONT freeze and thaw. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || this.#hasEnded()) return
    child.kill(signal)
    if (signal === 'SIGSTOP' || signal === 'SIGCONT' || signal === 'SIGHUP') await sleep(settleMs)
    else if (!this.#hasEnded()) await once(child, 'exit')
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #hasEnded(): boolean {
    const child = this.#child
    return child === undefined || child.exitCode !== null || child.signalCode !== null
  }

  /** A TMPDIR of its own: a MariaDB that starts removes what it takes for left-overs of others. */
  #environment(): NodeJS.ProcessEnv {
    return { TMPDIR: this.folder, PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC', HOME: this.folder }
  }
}

/** PostgreSQL has a process per connection, each a session of its own, so that no signal reaches them all at once. Linux only. */
function signalChildren(pid: number, signal: NodeJS.Signals): void {
  let children: number[] = []
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number).filter(Boolean)
  } catch {
    return
  }
  for (const child of children) {
    try {
      process.kill(child, signal)
    } catch {
      // It ended meanwhile.
    }
  }
}

/** A real database server of a test. Loopback only. */
export interface DatabaseServer {
  readonly port: number
  readonly pid: number
  readonly folder: string
  /** Login of its administrator. */
  readonly user: string
  readonly password: string
  log(): string
  /** SIGSTOP and SIGCONT freeze and thaw it, with every process of its own. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Ends it at once (-9) and starts it again on the same port and data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Why PostgreSQL cannot be started here; undefined when it can. */
export function postgresObstacle(): string | undefined {
  const missing = findProgram('POSTGRES', 'postgres') === undefined || findProgram('INITDB', 'initdb') === undefined
  return missing ? 'no postgres and initdb: put them on PATH, or set POSTGRES and INITDB' : undefined
}

export interface PostgresOptions {
  /** Settings such as `wal_level=logical`. */
  settings?: readonly string[]
}

/** Starts PostgreSQL with the user `postgres`, who logs in by password (SCRAM), and the database of that name. */
export async function startPostgres(options: PostgresOptions = {}): Promise<DatabaseServer & { readonly dataDir: string }> {
  const [postgres, initdb] = [findProgram('POSTGRES', 'postgres'), findProgram('INITDB', 'initdb')]
  if (postgres === undefined || initdb === undefined) throw new Error(postgresObstacle())
  const server = new DatabaseProcess('postgres', ['postgres'])
  const port = await freePort()
  const password = 'Tester-5ecret'
  const dataDir = join(server.folder, 'data')
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${server.folder}`]
  const args = ['-D', dataDir, ...[...settings, ...(options.settings ?? [])].flatMap((setting) => ['-c', setting])]
  const isReady = async (): Promise<boolean> => server.log().includes('ready to accept connections')
  try {
    const passwordFile = server.write('password', password)
    await server.run(initdb, ['-D', dataDir, '-U', 'postgres', '-N', '-E', 'UTF8', '-A', 'scram-sha-256', '--pwfile', passwordFile])
    await server.start(postgres, args, isReady)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    port,
    user: 'postgres',
    password,
    dataDir,
    folder: server.folder,
    get pid() {
      return server.pid
    },
    log: () => server.log(),
    async kill(signal) {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') signalChildren(server.pid, signal)
      await server.kill(signal)
    },
    async restart() {
      signalChildren(server.pid, 'SIGCONT')
      await server.kill('SIGCONT')
      await server.kill('SIGQUIT')
      await server.start(postgres, args, isReady)
    },
    async stop() {
      signalChildren(server.pid, 'SIGCONT')
      await server.kill('SIGCONT')
      await server.kill('SIGQUIT')
      await server.stop()
    },
  }
}

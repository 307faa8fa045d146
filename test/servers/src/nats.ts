import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface NatsOptions {
  /** Lines of nats-server configuration (accounts, users, tls) that follow, and win over, what this file sets. */
  config?: string
  /** JetStream's folder; the default is a temporary one, removed by stop. */
  storeDir?: string
  /** The default is any free port. */
  port?: number
}

/** A real broker of a test. Loopback only. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** As the server says, e.g. `2.9.10`. */
  readonly version: string
  readonly storeDir: string
  /** What the server printed last, for the message of a failed test. */
  log(): string
  /** Sends the signal; for one that ends the process, resolves when it is gone. SIGSTOP and SIGCONT freeze and thaw. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts it again on the same port and store, killing it first (-9) when it runs; `empty` throws the store away. */
  restart(options?: { empty?: boolean }): Promise<void>
  stop(): Promise<void>
}

const startDeadlineMs = 15_000
const logLimitBytes = 32 * 1024
const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Path of a nats-server: NATS_SERVER, else PATH; undefined when there is none. */
export function findNatsServer(): string | undefined {
  const named = process.env['NATS_SERVER']
  const candidates = named ? [named] : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats-server'))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** A port of 127.0.0.1 on which nobody listens just now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** Starts a broker with JetStream and resolves when it takes connections. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const binary = findNatsServer()
  if (binary === undefined) throw new Error('no nats-server: set NATS_SERVER to one, or put one on PATH (npm test brings one)')
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-nats-'))
  const storeDir = options.storeDir ?? join(folder, 'store')
  const configFile = join(folder, 'nats.conf')
  let port = options.port ?? 0
  let child: ChildProcess | undefined
  let version = ''
  let output = ''

  const launch = async (): Promise<void> => {
    mkdirSync(storeDir, { recursive: true })
    writeFileSync(configFile, configText(port, storeDir, options.config ?? ''), { mode: 0o600 })
    const started = spawn(binary, ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'] })
    child = started
    running.add(started)
    started.once('exit', () => running.delete(started))
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-logLimitBytes)
    })
    version = await waitUntilReady(started, port)
  }
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const victim = child
    if (victim === undefined || victim.exitCode !== null || victim.signalCode !== null) return
    const gone = once(victim, 'exit')
    victim.kill(signal)
    if (signal === 'SIGSTOP' || signal === 'SIGCONT' || signal === 'SIGHUP') return
    await gone
  }
  const stop = async (): Promise<void> => {
    await kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }

  for (let attempt = 1; ; attempt++) {
    port = options.port ?? (await freePort())
    try {
      await launch()
      break
    } catch (error) {
      await kill('SIGKILL')
      if (options.port === undefined && attempt < 5 && output.includes('address already in use')) continue
      rmSync(folder, { recursive: true, force: true })
      throw new Error(`nats-server did not start; it said:\n${output}`, { cause: error })
    }
  }

  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    get pid() {
      return child?.pid ?? 0
    },
    get version() {
      return version
    },
    log: () => output,
    kill,
    restart: async ({ empty = false } = {}) => {
      await kill('SIGKILL')
      if (empty) rmSync(storeDir, { recursive: true, force: true })
      await launch()
    },
    stop,
  }
}

function configText(port: number, storeDir: string, extra: string): string {
  return `listen: "127.0.0.1:${port}"
write_deadline: "2s"
max_payload: 1MB
jetstream { store_dir: ${JSON.stringify(storeDir)}, max_memory_store: 256MB, max_file_store: 64GB }
${extra}
`
}

async function waitUntilReady(child: ChildProcess, port: number): Promise<string> {
  const deadline = performance.now() + startDeadlineMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    const info = await readInfo(port)
    if (info !== undefined && info.port === port) return info.version
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not ready after ${startDeadlineMs} ms`)
}

/** The first line a server sends to whoever connects; undefined while there is none. */
function readInfo(port: number): Promise<{ version: string; port: number } | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    const finish = (): void => {
      socket.destroy()
      const json = /^INFO (\{.*\})/.exec(text)?.[1]
      resolve(json === undefined ? undefined : JSON.parse(json))
    }
    socket.setTimeout(1000, finish)
    socket.on('error', finish)
    socket.on('data', (data) => {
      text += data.toString()
      if (text.includes('\n')) finish()
    })
  })
}

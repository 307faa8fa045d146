import { once } from 'node:events'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chooseServers } from './choice.ts'
import { NatsBinary } from './nats-binary.ts'
import type { NatsPlace, NatsProcess } from './nats-process.ts'

export interface NatsOptions {
  /** Lines of nats-server configuration (accounts, users, tls) that follow, and win over, what this file sets. Not the server_name. */
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
/** A free port can be somebody else's by the time that the server wants it. */
const portAttempts = 5
/** What a signal that does not end the process takes to have its effect. */
const settleMs = 50

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
  const port = await listenBriefly(0)
  if (port === undefined) throw new Error('no free port')
  return port
}

/**
 * Starts a broker with JetStream and resolves when it takes connections: the nats-server of this host, or one in a container where
 * NIGHTSHIFT_TEST_SERVERS is docker.
 */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const newProcess = await chooseProcess()
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-nats-'))
  const storeDir = options.storeDir ?? join(folder, 'store')
  const configFile = join(folder, 'nats.conf')
  const name = basename(folder)
  let version = ''

  const launch = async (server: NatsProcess, port: number): Promise<void> => {
    mkdirSync(storeDir, { recursive: true })
    await server.start()
    version = await waitUntilReady(server, port, name)
  }
  const launchFirst = async (): Promise<{ server: NatsProcess; port: number }> => {
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePort())
      const server = newProcess({ port, configFile, storeDir })
      writeFileSync(configFile, configText(name, `${server.listenAddress}:${port}`, storeDir, options.config ?? ''), { mode: 0o600 })
      try {
        await launch(server, port)
        return { server, port }
      } catch (error) {
        await server.remove()
        const portTaken = (await listenBriefly(port)) === undefined
        if (portTaken && options.port === undefined && attempt < portAttempts) continue
        rmSync(folder, { recursive: true, force: true })
        throw new Error(`nats-server did not start: ${String(error)}\nit said:\n${server.output()}`, { cause: error })
      }
    }
  }

  const { server, port } = await launchFirst()
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if ((await server.ended()) !== undefined) return
    await server.signal(signal)
    if (signal === 'SIGSTOP' || signal === 'SIGCONT' || signal === 'SIGHUP') await sleep(settleMs)
    else await server.gone()
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    get pid() {
      return server.pid
    },
    get version() {
      return version
    },
    log: () => server.output(),
    kill,
    restart: async ({ empty = false } = {}) => {
      await kill('SIGKILL')
      if (empty) rmSync(storeDir, { recursive: true, force: true })
      await launch(server, port)
    },
    stop: async () => {
      await server.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function chooseProcess(): Promise<(place: NatsPlace) => NatsProcess> {
  const choice = await chooseServers(process.env['NIGHTSHIFT_TEST_SERVERS'], async () => {
    const { findDocker } = await import('./docker.ts')
    return (await findDocker()) !== undefined
  })
  if (choice === 'docker') {
    // Testcontainers takes half a second to load, which only those who ask for it shall wait.
    const { NatsContainer } = await import('./nats-container.ts')
    return (place) => new NatsContainer(place)
  }
  const binary = findNatsServer()
  if (binary === undefined) throw new Error('no nats-server: set NATS_SERVER to one, or put one on PATH (npm test brings one)')
  return (place) => new NatsBinary(binary, place)
}

/** The port, for which 0 means any, after somebody could listen there for a moment; undefined when it is taken. */
async function listenBriefly(port: number): Promise<number | undefined> {
  const listener = createServer()
  try {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  } catch {
    return undefined
  }
  const address = listener.address()
  listener.close()
  await once(listener, 'close')
  return address === null || typeof address === 'string' ? undefined : address.port
}

function configText(name: string, listen: string, storeDir: string, extra: string): string {
  return `server_name: "${name}"
listen: "${listen}"
write_deadline: "2s"
max_payload: 1MB
jetstream { store_dir: ${JSON.stringify(storeDir)}, max_memory_store: 256MB, max_file_store: 64GB }
${extra}
`
}

async function waitUntilReady(server: NatsProcess, port: number, name: string): Promise<string> {
  const deadline = performance.now() + startDeadlineMs
  while (performance.now() < deadline) {
    const end = await server.ended()
    if (end !== undefined) throw new Error(`it ended with ${end}`)
    const info = await readInfo(port)
    // Another server may have the port.
    if (info?.server_name === name) return info.version
    await sleep(20)
  }
  throw new Error(`not ready after ${startDeadlineMs} ms`)
}

/** The first line a server sends to whoever connects; undefined while there is none. */
function readInfo(port: number): Promise<{ version: string; server_name: string } | undefined> {
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
    // A port of a container takes connections before its server does, and drops them.
    socket.on('close', finish)
    socket.on('data', (data) => {
      text += data.toString()
      if (text.includes('\n')) finish()
    })
  })
}

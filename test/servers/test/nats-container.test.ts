import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node'
import { ImageName } from 'testcontainers'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { findDocker } from '../src/docker.ts'
import { natsImage } from '../src/nats-container.ts'
import { startNats, type NatsOptions, type NatsServer } from '../src/nats.ts'

const pullDeadlineMs = 120_000
const obstacle = await findObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)

describe('nats-server as a child of the test', () => {
  conforms('')
})
describe.skipIf(obstacle !== undefined)(`nats-server in a container${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  conforms('docker')
})

/** What every test relies on, wherever the server runs. */
function conforms(choice: '' | 'docker'): void {
  beforeEach(() => {
    vi.stubEnv('NIGHTSHIFT_TEST_SERVERS', choice)
    return () => vi.unstubAllEnvs()
  })

  it('takes connections once it is started, and says its version', async () => {
    const server = await start()
    const nc = await client(server)
    expect(nc.info?.version).toBe(server.version)
    expect(server.version).toMatch(/^\d+\.\d+\.\d+/)
    expect(nc.info?.connect_urls ?? []).toEqual([])
    expect(server.log()).toContain('Server is ready')
  })

  // The containers of a Mac have their processes in a virtual machine.
  it.skipIf(choice === 'docker' && process.platform !== 'linux')('is a process of this host, another one after each start', async () => {
    const server = await start()
    const first = server.pid
    expect(runs(first)).toBe(true)
    await server.kill('SIGKILL')
    expect(runs(first)).toBe(false)
    await server.restart()
    expect(server.pid).not.toBe(first)
    expect(runs(server.pid)).toBe(true)
    await server.stop()
    expect(runs(server.pid)).toBe(false)
  })

  it('follows the text of a configuration, with paths of this host', async () => {
    const pidFile = join(temporaryFolder(), 'nats.pid')
    const server = await start({ config: `authorization { user: u, password: p }\npid_file: ${JSON.stringify(pidFile)}` })
    await expect(connect({ servers: server.url })).rejects.toThrow(/authorization/i)
    await client(server, { user: 'u', pass: 'p' })
    expect(readFileSync(pidFile, 'utf8')).toMatch(/^\d+$/)
  })

  it('is gone at once when it is killed, and comes back on its port and with its store', async () => {
    const server = await start()
    await store(server, 'before')
    const { url } = server
    await server.kill('SIGKILL')
    expect(await answers(server.port)).toBe(false)
    await server.kill('SIGKILL')
    await server.restart()
    expect(server.url).toBe(url)
    expect(await stored(server)).toEqual(['before'])
  })

  it('restarts while it runs, again and again, and clients find it again', async () => {
    const server = await start()
    await store(server, 'before')
    const nc = await client(server, { reconnectTimeWait: 50, maxReconnectAttempts: -1 })
    for (let round = 0; round < 3; round++) {
      await server.restart()
      await vi.waitFor(() => nc.rtt(), { timeout: 10_000 })
    }
    expect(await stored(server)).toEqual(['before'])
  })

  it('ends in its own way on SIGTERM', async () => {
    const server = await start()
    await server.kill('SIGTERM')
    expect(await answers(server.port)).toBe(false)
    expect(server.log()).toMatch(/Initiating Shutdown|Server Exiting/)
  })

  it('freezes on SIGSTOP and goes on where it was on SIGCONT', async () => {
    const server = await start()
    await store(server, 'before')
    const nc = await client(server)
    await server.kill('SIGSTOP')
    const answer = nc.rtt()
    expect(await Promise.race([answer.then(() => 'answered'), sleep(500, 'silent')])).toBe('silent')
    await server.kill('SIGCONT')
    expect(await answer).toBeGreaterThan(400)
    expect(await stored(server)).toEqual(['before'])
  })

  it('can be killed while it is frozen', async () => {
    const server = await start()
    await server.kill('SIGSTOP')
    await server.kill('SIGKILL')
    expect(await answers(server.port)).toBe(false)
  })

  it('forgets everything when it is restarted empty', async () => {
    const server = await start()
    await store(server, 'before')
    await server.restart({ empty: true })
    expect(await stored(server)).toBeUndefined()
    await store(server, 'after')
    expect(await stored(server)).toEqual(['after'])
  })

  it('keeps a store that was given to it, for the next server on the same port', async () => {
    const storeDir = join(temporaryFolder(), 'store')
    const first = await start({ storeDir })
    await store(first, 'before')
    await first.stop()
    const second = await start({ storeDir, port: first.port })
    expect(second.port).toBe(first.port)
    expect(await stored(second)).toEqual(['before'])
  })

  it('leaves nothing behind when it is stopped, twice too', async () => {
    const server = await start()
    await store(server, 'before')
    await server.stop()
    await server.stop()
    expect(existsSync(dirname(server.storeDir))).toBe(false)
    expect(await answers(server.port)).toBe(false)
  })

  it('is reached on 127.0.0.1 alone', async () => {
    const server = await start()
    const others = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    const outer = others.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address)
    const addresses = ['127.0.0.1', '127.0.0.2', ...outer]
    const open = await Promise.all(addresses.map((address) => answers(server.port, address)))
    expect(addresses.filter((_, index) => open[index])).toEqual(['127.0.0.1'])
  })

  it('says why it does not start', async () => {
    await expect(start({ config: 'no_such_setting: {' })).rejects.toThrow(/did not start[^]*Parse error on line \d+/i)
    const { port } = await start()
    await expect(start({ port })).rejects.toThrow(/did not start[^]*(already in use|already allocated)/)
  })
}

async function start(options: NatsOptions = {}): Promise<NatsServer> {
  const server = await startNats(options)
  onTestFinished(() => server.stop())
  return server
}

async function client(server: NatsServer, options: ConnectionOptions = {}): Promise<NatsConnection> {
  const nc = await connect({ servers: server.url, ...options })
  onTestFinished(() => nc.close())
  return nc
}

async function store(server: NatsServer, text: string): Promise<void> {
  const nc = await client(server)
  await (await jetstreamManager(nc)).streams.add({ name: 'KEPT', subjects: ['kept'] })
  await jetstream(nc).publish('kept', text)
}

/** What store put there; undefined when there is no such stream. */
async function stored(server: NatsServer): Promise<string[] | undefined> {
  const nc = await client(server)
  const jsm = await jetstreamManager(nc)
  const names = await jsm.streams.names().next()
  if (!names.includes('KEPT')) return undefined
  const { state } = await jsm.streams.info('KEPT')
  const sequences = Array.from({ length: state.messages }, (_, index) => state.first_seq + index)
  return Promise.all(sequences.map(async (seq) => (await jsm.streams.getMessage('KEPT', { seq }))?.string() ?? ''))
}

/** Whether a server greets whoever connects. */
async function answers(port: number, address = '127.0.0.1'): Promise<boolean> {
  const socket = connectSocket(port, address)
  try {
    const [greeting] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => ['']), sleep(2000, [''])])
    return String(greeting).startsWith('INFO')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-servers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Why there can be no containers here. Where they are asked for by name, what is missing is an error and not a reason to skip. */
async function findObstacle(): Promise<string | undefined> {
  if (process.env['NIGHTSHIFT_TEST_SERVERS'] === 'docker') return undefined
  const docker = await findDocker()
  if (docker === undefined) return 'no Docker daemon answers'
  const image = ImageName.fromString(natsImage())
  const late = sleep(pullDeadlineMs, 'it takes too long', { ref: false })
  const failure = await Promise.race([docker.image.pull(image).then(() => undefined, String), late])
  return failure === undefined ? undefined : `no image ${image.string} (NATS_IMAGE names another): ${failure}`
}

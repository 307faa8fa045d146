import { tmpdir } from 'node:os'
import { relative } from 'node:path'
import { GenericContainer, Wait, getContainerRuntimeClient } from 'testcontainers'
import manifest from '../../../package.json' with { type: 'json' }
import { outputTail, type NatsPlace, type NatsProcess } from './nats-process.ts'

/** Image of the servers: NATS_IMAGE, else the official one of the release that `npm start` brings. */
export function natsImage(): string {
  return process.env['NATS_IMAGE'] || `nats:${manifest.toolchain.nats_server}`
}

/** A nats-server in a container of a Docker daemon on this machine; it is process 1 of its container. */
export class NatsContainer implements NatsProcess {
  readonly listenAddress = '0.0.0.0'
  #place: NatsPlace
  #id: string | undefined
  #pid = 0
  #output = ''

  constructor(place: NatsPlace) {
    this.#place = place
  }

  get pid(): number {
    return this.#pid
  }

  output(): string {
    return this.#output
  }

  async start(): Promise<void> {
    if (this.#id === undefined) {
      await new OnLoopback(this.#place, async (id) => {
        this.#id = id
        await this.#listen()
      }).start()
    } else {
      await this.#listen()
      await (await this.#container()).start()
    }
    this.#pid = (await (await this.#container()).inspect()).State.Pid
  }

  async ended(): Promise<string | undefined> {
    if (this.#id === undefined) return 'never started'
    const { State } = await (await this.#container()).inspect()
    return State.Running ? undefined : `exit code ${State.ExitCode}`
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await (await this.#container()).kill({ signal })
  }

  async gone(): Promise<void> {
    await (await this.#container()).wait()
  }

  async remove(): Promise<void> {
    if (this.#id === undefined) return
    const container = await this.#container()
    this.#id = undefined
    await container.remove({ force: true, v: true })
  }

  /** Follows what it prints from its next start to its end. */
  async #listen(): Promise<void> {
    const { container: containers } = await getContainerRuntimeClient()
    const printed = await containers.attach(await this.#container())
    printed.on('data', (text: string) => {
      this.#output = outputTail(this.#output, text)
    })
  }

  async #container() {
    if (this.#id === undefined) throw new Error('the container was never made')
    return (await getContainerRuntimeClient()).container.getById(this.#id)
  }
}

/** Its port is the one of the host: a port that Docker picks would be another one after each start. */
class OnLoopback extends GenericContainer {
  #port: number
  #made: (id: string) => Promise<void>

  constructor({ port, configFile, storeDir }: NatsPlace, made: (id: string) => Promise<void>) {
    super(natsImage())
    this.#port = port
    this.#made = made
    // The folder of temporary files is in the container too, so that what a configuration names (certificates) is where it says.
    const folders = relative(tmpdir(), storeDir).startsWith('..') ? [tmpdir(), storeDir] : [tmpdir()]
    this.withBindMounts(folders.map((folder) => ({ source: folder, target: folder })))
    this.withEnvironment({ TMPDIR: tmpdir() })
    if (process.getuid !== undefined && process.getgid !== undefined) this.withUser(`${process.getuid()}:${process.getgid()}`)
    this.withCommand(['-c', configFile])
    this.withExposedPorts({ container: port, host: port })
    // Whoever starts it waits until it speaks NATS; Testcontainers' own look at the port needs a shell in the image.
    this.withWaitStrategy(Wait.forAll([]))
  }

  protected override async beforeContainerCreated(): Promise<void> {
    // Testcontainers publishes on all interfaces.
    this.hostConfig.PortBindings = { [`${this.#port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(this.#port) }] }
  }

  protected override async containerCreated(id: string): Promise<void> {
    await this.#made(id)
  }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { outputTail, type NatsPlace, type NatsProcess } from './nats-process.ts'

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** The nats-server of this host as a child of the test. */
export class NatsBinary implements NatsProcess {
  readonly listenAddress = '127.0.0.1'
  #binary: string
  #configFile: string
  #child: ChildProcess | undefined
  #output = ''

  constructor(binary: string, { configFile }: NatsPlace) {
    this.#binary = binary
    this.#configFile = configFile
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  output(): string {
    return this.#output
  }

  async start(): Promise<void> {
    const child = spawn(this.#binary, ['-c', this.#configFile], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#output = outputTail(this.#output, text)
    })
    await once(child, 'spawn')
  }

  async ended(): Promise<string | undefined> {
    const child = this.#child
    if (child?.pid === undefined) return 'never started'
    return child.signalCode ?? (child.exitCode === null ? undefined : `exit code ${child.exitCode}`)
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal)
  }

  async gone(): Promise<void> {
    if (this.#child !== undefined && (await this.ended()) === undefined) await once(this.#child, 'exit')
  }

  async remove(): Promise<void> {
    await this.signal('SIGKILL')
    await this.gone()
  }
}

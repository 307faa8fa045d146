import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const maxKeptOutput = 16_384

/** The alerter as a process of its own, to be killed. */
export class AlerterProcess {
  readonly child: ChildProcess
  #output = ''

  constructor(options: { folder: string; host: string; natsUrl: string; alerter: unknown }) {
    const { folder, host, natsUrl, alerter } = options
    const home = join(folder, host)
    mkdirSync(home, { recursive: true })
    const file = join(home, 'nightshift.yaml')
    // JSON is YAML.
    writeFileSync(
      file,
      JSON.stringify({ host, state_dir: join(home, 'state'), nats: { servers: [natsUrl] }, http: { port: 0 }, alerter }),
      { mode: 0o600 },
    )
    this.child = spawn(process.execPath, [main, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output = (this.#output + text).slice(-maxKeptOutput)))
    }
    processes.add(this.child)
    this.child.once('exit', () => processes.delete(this.child))
  }

  /** What it said last, for the message of a failed test. */
  get output(): string {
    return this.#output
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Sends the signal, and resolves when the process is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return
    const gone = once(this.child, 'exit')
    this.child.kill(signal)
    await gone
  }
}

const processes = new Set<ChildProcess>()
process.on('exit', () => processes.forEach((child) => child.kill('SIGKILL')))

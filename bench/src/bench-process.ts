import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

const keptOutputChars = 64 * 1024
const endDeadlineMs = 15_000
const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** A program under measurement. Killed with this process, when nobody ended it before. */
export class BenchProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #startedMs = performance.now()
  readonly #watchers = new Set<() => void>()
  #output = ''

  constructor(name: string, command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
    this.name = name
    this.#child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(this.#child)
    const take = (text: string): void => {
      this.#output = (this.#output + text).slice(-keptOutputChars)
      for (const watch of this.#watchers) watch()
    }
    this.#child.stdout?.setEncoding('utf8').on('data', take)
    this.#child.stderr?.setEncoding('utf8').on('data', take)
    this.#child.on('error', (error) => take(`\n${error.message}\n`))
    this.#child.once('close', () => {
      running.delete(this.#child)
      for (const watch of this.#watchers) watch()
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} did not start:\n${this.#output}`)
    return this.#child.pid
  }

  /** Milliseconds from the start until it has printed what fits the pattern. */
  until(pattern: RegExp, deadlineMs: number, signal: AbortSignal): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const fail = (why: string): void => reject(new Error(`${this.name} ${why}; it said:\n${this.#output}`))
    const look = (): void => {
      if (pattern.test(this.#output)) resolve(performance.now() - this.#startedMs)
      else if (!this.#isRunning()) fail(`ended with ${this.#child.exitCode ?? this.#child.signalCode}`)
    }
    const interrupt = (): void => reject(signal.reason)
    const timer = setTimeout(() => fail(`did not print ${String(pattern)} within ${deadlineMs / 1000} s`), deadlineMs)
    this.#watchers.add(look)
    signal.addEventListener('abort', interrupt)
    if (signal.aborted) interrupt()
    look()
    return promise.finally(() => {
      clearTimeout(timer)
      this.#watchers.delete(look)
      signal.removeEventListener('abort', interrupt)
    })
  }

  /** Asks it to end (SIGTERM); milliseconds until it has. Again is harmless. */
  async end(): Promise<number> {
    const startedMs = performance.now()
    if (!this.#isRunning()) return 0
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const ended = await Promise.race([exited, delay(endDeadlineMs, 'late', { ref: false })])
    if (ended !== 'late') return performance.now() - startedMs
    this.#child.kill('SIGKILL')
    await exited
    throw new Error(`${this.name} did not end within ${endDeadlineMs / 1000} s of SIGTERM; it said:\n${this.#output}`)
  }

  #isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }
}

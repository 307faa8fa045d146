import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../log.ts'

/** Output that waits to be taken; over it the program is made to wait. */
const maxWaitingBytes = 4 * 1024 * 1024
const firstRestartMs = 1000
const slowestRestartMs = 60_000
/** It ran well when it ran so long. */
const steadyMs = 60_000
const killMs = 1000
const maxErrorLength = 1000

/** One long-lived child whose output is taken line by line. Loads node:child_process only when it is first started. */
export class FollowedProgram {
  /** True from when it ended by itself until it says something again. */
  isFailing = false
  readonly #program: string
  readonly #log: Log
  #child: ChildProcess | undefined
  #waiting = Buffer.alloc(0)
  #chunks: Buffer[] = []
  #chunkBytes = 0
  #startAtMs = 0
  #restartMs = firstRestartMs
  #isStopped = false

  constructor(program: string, log: Log) {
    this.#program = program
    this.#log = log
  }

  get waitingBytes(): number {
    return this.#waiting.length + this.#chunkBytes
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts it when it does not run, may be started again, and every line of its last run was taken. */
  async keepRunning(argv: () => readonly string[]): Promise<void> {
    if (this.#child !== undefined || this.#isStopped || performance.now() < this.#startAtMs) return
    if (this.#hasLine()) return
    const { spawn } = await import('node:child_process')
    // A torn last line comes again, whole.
    this.#waiting = Buffer.alloc(0)
    this.#chunks = []
    this.#chunkBytes = 0
    const child = spawn(this.#program, argv(), { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    const startedMs = performance.now()
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => {
      this.isFailing = false
      this.#chunks.push(chunk)
      this.#chunkBytes += chunk.length
      if (this.waitingBytes > maxWaitingBytes) child.stdout.pause()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString('utf8')).slice(-maxErrorLength)
    })
    child.on('error', (error) => this.#ended(child, startedMs, error.message))
    child.on('close', (code, signal) => this.#ended(child, startedMs, `it ended with ${signal ?? code}: ${errors.trim()}`))
  }

  /** The next whole line with its newline; undefined while there is none. */
  next(): Buffer | undefined {
    let end = this.#waiting.indexOf(10)
    if (end === -1 && this.#chunks.length > 0) {
      this.#waiting = Buffer.concat([this.#waiting, ...this.#chunks])
      this.#chunks = []
      this.#chunkBytes = 0
      end = this.#waiting.indexOf(10)
      // A line that is larger than all that may wait is no line.
      if (end === -1 && this.#waiting.length > maxWaitingBytes) this.#waiting = Buffer.alloc(0)
      this.#child?.stdout?.resume()
    }
    if (end === -1) return undefined
    const line = this.#waiting.subarray(0, end + 1)
    this.#waiting = this.#waiting.subarray(end + 1)
    return line
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)))
    // What was not taken comes again in the next run.
    child.stdout?.destroy()
    child.kill('SIGTERM')
    if (await Promise.race([exited, sleep(killMs, false, { ref: false })])) return
    child.kill('SIGKILL')
    await exited
  }

  #hasLine(): boolean {
    return this.#waiting.includes(10) || this.#chunks.some((chunk) => chunk.includes(10))
  }

  #ended(child: ChildProcess, startedMs: number, why: string): void {
    if (this.#child !== child) return
    this.#child = undefined
    if (this.#isStopped) return
    if (performance.now() - startedMs > steadyMs) this.#restartMs = firstRestartMs
    if (!this.isFailing) this.#log.warn({ program: this.#program, error: why }, 'the journal cannot be read; starting journalctl again')
    this.isFailing = true
    this.#startAtMs = performance.now() + this.#restartMs
    this.#restartMs = Math.min(this.#restartMs * 2, slowestRestartMs)
  }
}

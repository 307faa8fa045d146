import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { EffectError } from '@nightshift/shared/errors'
import { markChild } from '../owner-mark.ts'
import { secretsOf } from './child-environment.ts'
import { OutputTail } from './output-tail.ts'

export interface ProgramSpec {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Never shown: a program may repeat what it was told. */
  readonly secret?: string | undefined
  /** What asks it to end; the default is SIGTERM. */
  readonly endSignal?: NodeJS.Signals
  /** Code of the error when it fails; the default is `dump_failed`. */
  readonly code?: string
}

const tailBytes = 4096
/** What ends a group gives it from SIGTERM to SIGKILL. */
const killGraceMs = 3000
/** What a background process of the program holds open is not waited for. */
const drainMs = 1000

/** A program without a shell, in a process group of its own that is ended as a whole: when the signal is aborted or its time is up. */
export class Program {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly #spec: ProgramSpec
  readonly #child: ChildProcess
  readonly #tail: OutputTail
  readonly #ended: Promise<void>
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = (): void => this.kill()
  #killTimer: NodeJS.Timeout | undefined
  #isOutOfTime = false
  #hasEnded = false

  constructor(spec: ProgramSpec) {
    this.#spec = spec
    this.#tail = new OutputTail(tailBytes, [spec.secret ?? '', ...secretsOf(spec.env)])
    const child = spawn(spec.argv[0] ?? '', spec.argv.slice(1), {
      env: spec.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      cwd: spec.cwd ?? '/',
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    })
    this.#child = child
    if (spec.cwd !== undefined && child.pid !== undefined) markChild(spec.cwd, child.pid)
    this.stdin = child.stdin
    this.stdout = child.stdout
    // A program that does not read to the end says why by its exit code.
    child.stdin.on('error', () => undefined)
    child.stderr.on('error', () => undefined)
    child.stderr.on('data', (chunk: Buffer) => this.#tail.add(chunk))
    this.#timer = setTimeout(() => {
      this.#isOutOfTime = true
      this.kill()
    }, spec.timeoutMs)
    this.#ended = this.#untilEnd()
    this.#ended.catch(() => undefined)
    spec.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (spec.signal.aborted) this.kill()
  }

  /** Resolves when it ended with exit code 0 and closed its output; else throws EffectError with the last lines of its stderr. */
  async succeeded(): Promise<void> {
    await this.#ended
  }

  /** Asks it and all that it started to end, and makes them when they do not. */
  kill(): void {
    this.#signalGroup(this.#spec.endSignal ?? 'SIGTERM')
    this.#killTimer ??= setTimeout(() => this.#signalGroup('SIGKILL'), killGraceMs)
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Ends it and waits until it is gone. */
  async stop(): Promise<void> {
    if (!this.#hasEnded) this.kill()
    this.stdout.destroy()
    await this.#ended.catch(() => undefined)
  }

  async #untilEnd(): Promise<void> {
    const child = this.#child
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
      await this.#drained()
      if (code === 0 && !this.#isOutOfTime && !this.#spec.signal.aborted) return
      throw this.#failure(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`)
    } catch (error) {
      throw error instanceof EffectError ? error : this.#startFailure(error)
    } finally {
      this.#hasEnded = true
      clearTimeout(this.#timer)
      if (this.#killTimer !== undefined) {
        clearTimeout(this.#killTimer)
        this.#signalGroup('SIGKILL')
      }
      this.#spec.signal.removeEventListener('abort', this.#onAbort)
    }
  }

  /** What it still wrote to stderr belongs to the message. */
  async #drained(): Promise<void> {
    const stderr = this.#child.stderr
    if (stderr === null || stderr.closed) return
    const timer = setTimeout(() => stderr.destroy(), drainMs)
    await once(stderr, 'close').catch(() => undefined)
    clearTimeout(timer)
  }

  #failure(how: string): EffectError {
    const name = this.#spec.argv[0] ?? ''
    const code = this.#spec.code ?? 'dump_failed'
    if (this.#spec.signal.aborted) return new EffectError('aborted', `${name} was ended because the run was stopped`, { transient: true })
    const why = this.#isOutOfTime ? `took longer than ${formatDuration(this.#spec.timeoutMs)} and was ended` : how
    const said = this.#tail.text()
    return new EffectError(code, `${name} ${why}${said === '' ? ' and said nothing' : `; it said: ${said}`}`, { transient: true })
  }

  #startFailure(cause: unknown): EffectError {
    const name = this.#spec.argv[0] ?? ''
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const advice =
      code === 'ENOENT' ? 'install it, or give its full path (and look whether the folder to run in exists)' : 'look at its permissions'
    return new EffectError('no_program', `${name} cannot be started: ${advice}`, { cause })
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, signal)
    } catch {
      // All of it has ended.
    }
  }
}

/** Larger answers are refused, not cut: half an answer is none. */
const maxAnswerBytes = 16 * 1024 * 1024

/** Runs a program to its end and gives what it printed. */
export async function runProgram(spec: ProgramSpec, input?: Readable): Promise<string> {
  const program = new Program(spec)
  try {
    if (input === undefined) program.stdin.end()
    else input.on('error', () => program.kill()).pipe(program.stdin)
    const chunks: Buffer[] = []
    let sizeBytes = 0
    for await (const chunk of program.stdout as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > maxAnswerBytes) throw new EffectError('answer_too_large', `${spec.argv[0]} prints more than ${maxAnswerBytes} bytes`)
      chunks.push(chunk)
    }
    await program.succeeded()
    if (input?.errored) throw input.errored
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    input?.destroy()
    await program.stop()
  }
}

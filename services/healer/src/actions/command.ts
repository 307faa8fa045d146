import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { statSync } from 'node:fs'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { describeError } from '@nightshift/shared/errors'
import { OutputTail } from './output-tail.ts'
import { endGroup, processStart } from './process-group.ts'
import type { ActionContext, ActionResult } from './action.ts'

/** A command of the local configuration. No shell reads it. */
export interface CommandSpec {
  argv: readonly string[]
  cwd: string
  /** Names of variables it may see, besides PATH. */
  env: readonly string[]
  timeoutMs: number
  /** It is a daemon: it must outlive the healer. */
  detach: boolean
}

export const outputLimitBytes = 65_536
/** From SIGTERM to SIGKILL; shorter when the healer itself has to stop. */
export const killGraceMs = 5000
const stopGraceMs = 700
/** A daemon that lives for so long has started. */
const survivalMs = 1000
/** What a background process still holds open is not waited for. */
const drainMs = 250
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

type Ending = { kind: 'exit'; exitCode: number | null; signal: NodeJS.Signals | null } | { kind: 'error'; error: NodeJS.ErrnoException }

/** Runs the command in a process group of its own and waits until it ends; a detached one only until it has survived its first second. */
export async function runCommand(spec: CommandSpec, context: ActionContext): Promise<ActionResult> {
  const startedMs = performance.now()
  const seconds = (): number => Math.round(performance.now() - startedMs) / 1000
  const output = new OutputTail(outputLimitBytes)
  const [program = '', ...rest] = spec.argv
  if (context.signal.aborted)
    return {
      kind: 'refused',
      failed: true,
      summary: 'the healer stops',
      output: null,
      exitCode: null,
      durationSeconds: 0,
    }
  let child: ChildProcess
  try {
    child = spawn(program, rest, spawnOptions(spec, context))
  } catch (error) {
    return impossible(spec, error, seconds())
  }
  const ending = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'error', error }))
    child.once('exit', (exitCode, signal) => resolve({ kind: 'exit', exitCode, signal }))
  })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => output.add(chunk)).on('error', () => {})
  if (child.pid !== undefined) context.onSpawn({ pid: child.pid, started: processStart(child.pid) ?? '' })
  if (spec.detach) {
    child.unref()
    const early = await within(ending, survivalMs)
    if (early === undefined)
      return {
        kind: 'done',
        failed: false,
        summary: 'the command was started and stays',
        output: null,
        exitCode: null,
        durationSeconds: seconds(),
      }
    if (early.kind === 'error') return impossible(spec, early.error, seconds())
    return finished(early, early.exitCode === 0 ? null : `it was to stay, but ended within ${formatDuration(survivalMs)}`, null, seconds())
  }
  const ended = await endedInTime(child, ending, spec.timeoutMs, context.signal)
  if (ended.ending.kind === 'error') return impossible(spec, ended.ending.error, seconds())
  await drain(child)
  return finished(ended.ending, ended.cause, output.text(), seconds())
}

function spawnOptions(spec: CommandSpec, context: ActionContext): SpawnOptions {
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] ?? defaultPath, ...context.facts }
  for (const name of spec.env) if (process.env[name] !== undefined) env[name] = process.env[name]
  // `detached` gives it a session and group of its own: a signal to the terminal does not reach it, and ours reaches all of it.
  return {
    cwd: spec.cwd,
    env,
    shell: false,
    detached: true,
    stdio: spec.detach ? 'ignore' : ['ignore', 'pipe', 'pipe'],
  }
}

/** Waits for the end, and makes it: past the time, or when the healer stops, the whole group gets SIGTERM, then SIGKILL. */
async function endedInTime(
  child: ChildProcess,
  ending: Promise<Ending>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ ending: Ending; cause: string | null }> {
  const stopping = new Promise<'stopped'>((resolve) => signal.addEventListener('abort', () => resolve('stopped'), { once: true }))
  const first = await within(Promise.race([ending, stopping]), timeoutMs)
  if (typeof first === 'object') return { ending: first, cause: null }
  const cause = first === 'stopped' ? 'the healer stopped and ended it' : `it was ended after ${formatDuration(timeoutMs)} (timeout)`
  if (child.pid === undefined) return { ending: await ending, cause }
  await endGroup(child.pid, first === 'stopped' ? stopGraceMs : killGraceMs)
  return { ending: await ending, cause }
}

async function drain(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null)
  const closed = Promise.all(
    streams.filter((stream) => !stream.closed).map((stream) => new Promise((resolve) => stream.once('close', resolve))),
  )
  await within(closed, drainMs)
  for (const stream of streams) stream.destroy()
}

function finished(
  ending: Extract<Ending, { kind: 'exit' }>,
  cause: string | null,
  output: string | null,
  durationSeconds: number,
): ActionResult {
  const how = ending.signal === null ? `exit code ${ending.exitCode ?? 'unknown'}` : `signal ${ending.signal}`
  const summary = cause === null ? `the command ended with ${how}` : `the command ended with ${how}: ${cause}`
  return {
    kind: 'done',
    failed: cause !== null || ending.exitCode !== 0,
    summary,
    output,
    exitCode: ending.exitCode,
    durationSeconds,
  }
}

function impossible(spec: CommandSpec, error: unknown, durationSeconds: number): ActionResult {
  return {
    kind: 'impossible',
    failed: true,
    summary: advice(spec, error),
    output: null,
    exitCode: null,
    durationSeconds,
  }
}

function advice(spec: CommandSpec, error: unknown): string {
  const program = spec.argv[0] ?? ''
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (!isFolder(spec.cwd)) return `the folder ${spec.cwd} is not there; correct cwd of the playbook`
  if (code === 'ENOENT')
    return `there is no program ${program}; install it, or give its full path as the first item of run (a shell line must be written [sh, -c, "..."])`
  if (code === 'EACCES')
    return `${program} may not be run by the healer's user; make it executable, or run it through a sudo rule of its own`
  return `${program} cannot be started: ${describeError(error)}`
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** What the promise gives, or undefined when it takes longer. */
async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { stat } from 'node:fs/promises'
import { EffectError } from '@nightshift/shared/errors'

/** What programs need to find their files and the way out; nothing else of our environment, which holds secrets. */
const passedOn =
  /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|LANG|LC_ALL|TZ|https?_proxy|no_proxy|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|npm_config_.*|pip_.*)$/i
/** Where programs of administrators are, which are not in everybody's PATH. */
const administratorPaths = '/usr/local/sbin:/usr/sbin:/sbin'

export interface ChildOptions {
  argv: readonly string[]
  /** Working directory. */
  folder: string
  timeoutMs: number
  maxOutputBytes: number
  signal: AbortSignal
}

export interface ChildResult {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly output: Buffer
}

/**
 * Runs a program to its end at the lowest priority, without a shell and without input. Throws EffectError `no_program`, `no_folder`,
 * `program_not_allowed`, `program_timeout`, `program_output` or `stopping`; what it writes to its error output is thrown away: nobody knows what stands in it.
 */
export async function runChild({ argv, folder, timeoutMs, maxOutputBytes, signal }: ChildOptions): Promise<ChildResult> {
  const [program = '', ...args] = argv
  // To start a program in a folder of a mount that hangs would hold up this whole process.
  await stat(folder).catch((cause: unknown) => {
    throw new EffectError('no_folder', `there is no folder ${folder} for ${program}`, { cause })
  })
  if (signal.aborted) throw new EffectError('stopping', `${program} was broken off`, { transient: true })
  // A group of its own, so that what the program started ends with it.
  const child = spawn(program, args, { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  const end = (): void => killGroup(child.pid)
  let trouble: EffectError | undefined
  const broken = (reason: EffectError): void => {
    trouble ??= reason
    end()
  }
  const tooLong = new EffectError('program_timeout', `${program} did not end within ${Math.round(timeoutMs / 1000)} s`, { transient: true })
  const timer = setTimeout(() => broken(tooLong), timeoutMs)
  const onAbort = (): void => broken(new EffectError('stopping', `${program} was broken off`, { transient: true }))
  signal.addEventListener('abort', onAbort)
  const pieces: Buffer[] = []
  let length = 0
  child.stdout.on('data', (piece: Buffer) => {
    length += piece.length
    if (length > maxOutputBytes) broken(new EffectError('program_output', `${program} printed more than ${maxOutputBytes} bytes`))
    else pieces.push(piece)
  })
  try {
    if (child.pid !== undefined) lowerPriority(child.pid)
    if (signal.aborted) onAbort()
    const [code] = (await once(child, 'close')) as [number | null]
    if (trouble !== undefined) throw trouble
    return { code, output: Buffer.concat(pieces) }
  } catch (error) {
    throw error instanceof EffectError ? error : await startFailure(program, error)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    end()
  }
}

function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => passedOn.test(name))
  const path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'
  return { ...Object.fromEntries(kept), PATH: `${path}:${administratorPaths}`, LC_ALL: 'C' }
}

async function startFailure(program: string, error: unknown): Promise<EffectError> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || (code === 'EACCES' && !(await isInPath(program))))
    return new EffectError('no_program', `${program} is not installed`, { cause: error })
  if (code === 'EACCES') return new EffectError('program_not_allowed', `${program} may not be run by this user`, { cause: error })
  return new EffectError('no_program', `${program} cannot be started`, { cause: error })
}

/** The system says EACCES too when there is no such program, and a folder of the PATH may not be entered. */
async function isInPath(program: string): Promise<boolean> {
  if (program.includes('/')) return true
  const folders = (environment()['PATH'] ?? '').split(':')
  const found = await Promise.all(
    folders.map((folder) =>
      stat(`${folder}/${program}`).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It ended already.
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}

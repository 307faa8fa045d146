import { stat } from 'node:fs/promises'
import { EffectError } from '@nightshift/shared/errors'
import { runChild } from '../../children/bounded-child.ts'
import { startDeadline } from '../../deadline.ts'

/** What programs need to find their files and the way out; nothing else of our environment, which holds secrets. */
const passedOn =
  /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|LANG|LC_ALL|TZ|https?_proxy|no_proxy|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|npm_config_.*|pip_.*)$/i
/** Where programs of administrators are, which are not in everybody's PATH. */
const administratorPaths = '/usr/local/sbin:/usr/sbin:/sbin'

export interface ProgramOptions {
  argv: readonly string[]
  /** Working directory. */
  folder: string
  timeoutMs: number
  maxOutputBytes: number
  signal: AbortSignal
}

export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly output: string
}

/**
 * Runs a program to its end in the background. Throws EffectError `no_program`, `no_folder`, `program_not_allowed`, `program_timeout`,
 * `program_output` or `stopping`; what it writes to its error output is thrown away: nobody knows what stands in it.
 */
export async function runProgram({ argv, folder, timeoutMs, maxOutputBytes, signal }: ProgramOptions): Promise<ProgramResult> {
  const [program = ''] = argv
  // To start a program in a folder of a mount that hangs would hold up this whole process.
  await stat(folder).catch((cause: unknown) => {
    throw new EffectError('no_folder', `there is no folder ${folder} for ${program}`, { cause })
  })
  const stopped = new EffectError('stopping', `${program} was broken off`, { transient: true })
  if (signal.aborted) throw stopped
  const deadline = startDeadline(timeoutMs, signal)
  const end = await runChild({ argv, cwd: folder, env: environment(), maxOutputBytes, isBackground: true, signal: deadline.signal })
  deadline.end()
  if (end.startError !== undefined) throw await startFailure(program, end.startError)
  if (signal.aborted) throw stopped
  if (end.isCut) throw new EffectError('program_output', `${program} printed more than ${maxOutputBytes} bytes`)
  if (deadline.signal.aborted)
    throw new EffectError('program_timeout', `${program} did not end within ${Math.round(timeoutMs / 1000)} s`, { transient: true })
  return { code: end.code, output: end.stdout }
}

function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => passedOn.test(name))
  const path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'
  return { ...Object.fromEntries(kept), PATH: `${path}:${administratorPaths}`, LC_ALL: 'C' }
}

async function startFailure(program: string, cause: NodeJS.ErrnoException): Promise<EffectError> {
  if (cause.code === 'ENOENT' || (cause.code === 'EACCES' && !(await isInPath(program))))
    return new EffectError('no_program', `${program} is not installed`, { cause })
  if (cause.code === 'EACCES') return new EffectError('program_not_allowed', `${program} may not be run by this user`, { cause })
  return new EffectError('no_program', `${program} cannot be started`, { cause })
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

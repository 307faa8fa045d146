import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'

/** What a child may print on each of stdout and stderr that is kept, from its beginning, when it is not said otherwise. */
export const maxOutputBytes = 64 * 1024
/** A program that has ended may have left its output to another one; so long it is waited for. */
const outputGraceMs = 200

export interface ChildOptions {
  readonly argv: readonly string[]
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly cwd?: string | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly maxOutputBytes?: number
  /**
   * Work that nobody waits for: it runs at the lowest priority, nothing that it started outlives it, its error output is thrown away, and it
   * is ended when it prints more than is kept, for half an answer is none.
   */
  readonly isBackground?: boolean
  readonly signal: AbortSignal
}

export interface ChildEnd {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly isCut: boolean
  /** Why it could not be started, by its code such as ENOENT. */
  readonly startError: NodeJS.ErrnoException | undefined
}

/** What every program may see of our environment. */
export function plainEnvironment(): Record<string, string> {
  const kept = ['PATH', 'TZ', 'HOME', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return { ...Object.fromEntries(kept), LC_ALL: 'C' }
}

/**
 * Runs a program, without a shell and without input, to its end or until the signal is aborted. Then it is killed with all that it started: it
 * leads a process group of its own. Only what made itself leader of another group escapes. Never rejects.
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  const { argv, env, cwd, uid, gid, isBackground = false, signal } = options
  const { promise, resolve } = Promise.withResolvers<Pick<ChildEnd, 'code' | 'signal' | 'startError'>>()
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    env,
    stdio: ['ignore', 'pipe', isBackground ? 'ignore' : 'pipe'],
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  const kill = (): void => killGroup(child.pid)
  const onCut = isBackground ? kill : () => undefined
  const mostBytes = options.maxOutputBytes ?? maxOutputBytes
  const outputs = [new Head(child.stdout, mostBytes, onCut), new Head(child.stderr, mostBytes, onCut)] as const
  if (isBackground) lowerPriority(child.pid)
  signal.addEventListener('abort', kill)
  if (signal.aborted) kill()
  child.on('error', (startError) => resolve({ code: null, signal: null, startError }))
  child.on('exit', (code, ended) => {
    // What is left of the group would keep the output open.
    if (isBackground) kill()
    setTimeout(() => resolve({ code, signal: ended, startError: undefined }), isBackground ? 10 * outputGraceMs : outputGraceMs).unref()
  })
  child.on('close', (code, ended) => resolve({ code, signal: ended, startError: undefined }))
  try {
    const end = await promise
    const [stdout, stderr] = outputs
    return { ...end, stdout: stdout.text(), stderr: stderr.text(), isCut: stdout.isCut || stderr.isCut }
  } finally {
    signal.removeEventListener('abort', kill)
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
}

/** The beginning of a stream; the rest is read and thrown away, so that the program is not held up. */
class Head {
  isCut = false
  readonly #chunks: Buffer[] = []
  #sizeBytes = 0

  constructor(stream: NodeJS.ReadableStream | null, mostBytes: number, onCut: () => void) {
    stream?.on('error', () => undefined)
    stream?.on('data', (chunk: Buffer) => {
      const kept = chunk.subarray(0, mostBytes - this.#sizeBytes)
      if (kept.length < chunk.length && !this.isCut) {
        this.isCut = true
        onCut()
      }
      if (kept.length === 0) return
      this.#chunks.push(kept)
      this.#sizeBytes += kept.length
    })
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}

/** Whatever else runs on the host comes first. */
function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has ended, or runs as everything else does.
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

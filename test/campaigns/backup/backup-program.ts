import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { repositoryRoot } from '@nightshift/cli/repository'

const main = join(repositoryRoot, 'packages/cli/src/main.ts')
/** Who waits for so long waits for a lock that nobody holds. */
const longestMs = 90_000
const maxOutput = 16_384

export interface Ended {
  /** Null when it was killed. */
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly durationMs: number
}

export interface RunningProgram {
  readonly ended: Promise<Ended>
  kill(): void
}

/** The real `nightshift backup` in processes of its own, whose clock can be put ahead: the shortest grace of a prune is an hour. */
export class BackupProgram {
  readonly #folder: string
  #aheadMs = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  putAhead(byMs: number): void {
    this.#aheadMs += byMs
  }

  start(...args: readonly string[]): RunningProgram {
    const clock = `data:text/javascript,const now = Date.now; Date.now = () => now() + ${this.#aheadMs}`
    const startedMs = performance.now()
    const child = spawn(process.execPath, ['--import', clock, main, 'backup', ...args], {
      cwd: this.#folder,
      env: { ...process.env, TMPDIR: this.#folder, NIGHTSHIFT_DATA: join(this.#folder, 'state') },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: longestMs,
      killSignal: 'SIGKILL',
    })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out = (out + text).slice(-maxOutput)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-maxOutput)))
    const ended = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      out,
      err,
      durationMs: performance.now() - startedMs,
    }))
    return { ended, kill: () => void child.kill('SIGKILL') }
  }

  async call(...args: readonly string[]): Promise<Ended> {
    return await this.start(...args).ended
  }
}

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The repository's password in all tests with the peer. */
export const resticPassword = 'correct horse'

/** A real restic at work on a repository in a folder. */
export class Restic {
  readonly binary: string
  readonly folder: string

  constructor(binary: string, folder: string) {
    this.binary = binary
    this.folder = folder
  }

  async run(...args: string[]): Promise<string> {
    const { stdout } = await this.#execute(args)
    return stdout
  }

  /** What it says where it must fail; throws when it does not. */
  async failure(...args: string[]): Promise<string> {
    try {
      await this.#execute(args)
    } catch (error) {
      const { stderr, stdout } = error as { stderr?: string; stdout?: string }
      return `${stdout ?? ''}${stderr ?? ''}`
    }
    throw new Error(`restic ${args.join(' ')} succeeded`)
  }

  async json<Value>(...args: string[]): Promise<Value> {
    return JSON.parse(await this.run(...args, '--json')) as Value
  }

  async #execute(args: string[]): Promise<{ stdout: string; stderr: string }> {
    return run(this.binary, ['--repo', this.folder, '--no-cache', '--quiet', ...args], {
      env: { ...process.env, RESTIC_PASSWORD: resticPassword, TZ: 'UTC' },
      maxBuffer: 256 * 1024 * 1024,
      timeout: 60_000,
    })
  }
}

/** The restic binaries at hand: the one on the PATH and the one that `RESTIC` names. Says so when there is none. */
export function resticBinaries(): string[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'restic'))
  const found = [process.env['RESTIC'], onPath.find((binary) => existsSync(binary))]
  const binaries = [...new Set(found.filter((binary) => binary !== undefined && existsSync(binary)))] as string[]
  if (binaries.length === 0) process.stderr.write('skipped: tests against the real restic, because there is none on PATH or in RESTIC\n')
  return binaries
}

/** A folder that is gone after the work in it. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-backup-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

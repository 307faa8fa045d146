import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { BackupProgram, type Ended, type RunningProgram } from './backup-program.ts'
import { ChangingTree, contentsOf, unlike, type Contents } from './changing-tree.ts'
import { idPattern, packFolders } from './prune-stage.ts'

const job = 'files'
const password = 'correct-horse-Battery-9'
const restic = process.env['RESTIC'] ?? 'restic'
/** As many as stay when it forgets. */
const keptSnapshots = 2

/** What is done to the repository. Runs keep everything, so that there is something to forget. */
const commands = {
  run: ['run', job, '--local'],
  forget: ['forget', '--config', 'few.yaml'],
  prune: ['prune', '--json'],
  check: ['check', '--read-data', '--json'],
} as const
export type Command = keyof typeof commands

/** A repository, the files that go into it, and what each finished snapshot must hold. */
export class PruneScene {
  readonly repository: string
  readonly program: BackupProgram
  readonly violations: string[] = []
  readonly figures = { snapshots: 0, restored: 0, commands: 0 }
  readonly #folder: string
  readonly #tree: ChangingTree
  readonly #random: () => number
  /** Oldest first. */
  readonly #finished = new Map<string, Contents>()

  private constructor(folder: string, random: () => number) {
    this.#folder = folder
    this.#random = random
    this.repository = join(folder, 'repository')
    this.program = new BackupProgram(folder)
    this.#tree = new ChangingTree(join(folder, 'source'), random)
    this.#writeSecret('password', password)
    this.#writeSecret('nightshift.yaml', stringify(this.#config('forever')))
    this.#writeSecret('few.yaml', stringify(this.#config({ last: keptSnapshots })))
  }

  static async make(folder: string, random: () => number): Promise<PruneScene> {
    const scene = new PruneScene(folder, random)
    scene.expectDone('init', await scene.program.call('init'))
    for (const each of packFolders(scene.repository)) mkdirSync(each, { recursive: true })
    return scene
  }

  changeFiles(): void {
    this.#tree.change()
  }

  start(command: Command): RunningProgram {
    return this.program.start(...commands[command])
  }

  /** Does it to the end: it must go well, and leave no lock, not even the one that it found. */
  async call(command: Command): Promise<Ended> {
    return await this.end(command, this.start(command))
  }

  async end(command: Command, running: RunningProgram): Promise<Ended> {
    const ended = await running.ended
    this.figures.commands += 1
    this.expectDone(command, ended)
    const locks = readdirSync(join(this.repository, 'locks')).filter((name) => idPattern.test(name))
    // Where there is nothing to forget it takes no lock, so it need not look at those of others.
    if (locks.length > 0 && command !== 'forget') this.violations.push(`${command} left ${locks.length} locks`)
    this.noteSnapshots(command)
    return ended
  }

  /** The same, giving what it told as JSON. Throws when that is nothing. */
  async ask<Answer>(command: Command): Promise<Answer> {
    const { out } = await this.call(command)
    return JSON.parse(out) as Answer
  }

  expectDone(what: string, { code, out, err }: Ended): void {
    if (code !== 0) this.violations.push(`${what} ended with ${code}: ${err.slice(-400)} ${out.slice(-400)}`)
  }

  /** Looks which snapshots there are after a command, also one that was killed: only runs make some, and only forget takes some away, never the last. */
  noteSnapshots(after: Command): void {
    const present = new Set(readdirSync(join(this.repository, 'snapshots')).filter((name) => idPattern.test(name)))
    const protectedIds = [...this.#finished.keys()].slice(after === 'forget' ? -keptSnapshots : 0)
    for (const id of protectedIds) if (!present.has(id)) this.violations.push(`after ${after} the snapshot ${id} is gone`)
    for (const id of this.#finished.keys()) if (!present.has(id)) this.#finished.delete(id)
    for (const id of present) {
      if (this.#finished.has(id)) continue
      if (after !== 'run') this.violations.push(`${after} made the snapshot ${id}`)
      this.#finished.set(id, contentsOf(this.#tree.folder))
      this.figures.snapshots += 1
    }
  }

  /** Restores the newest snapshot and a random older one, or all, and compares each file. */
  async restore(which: 'two' | 'all'): Promise<void> {
    const all = [...this.#finished]
    const older = all[Math.floor(this.#random() * (all.length - 1))]
    const two = [...new Set([older, all.at(-1)])].filter((each) => each !== undefined)
    for (const [id, wanted] of which === 'all' ? all : two) {
      const to = join(this.#folder, 'restored')
      this.expectDone(`restore of ${id}`, await this.program.call('restore', job, '--local', '--snapshot', id, '--to', to, '--json'))
      const wrong = unlike(wanted, contentsOf(join(to, this.#tree.folder)))
      if (wrong.length > 0) this.violations.push(`the snapshot ${id} came back wrong: ${wrong.slice(0, 10).join(', ')}`)
      rmSync(to, { recursive: true, force: true })
      this.figures.restored += 1
    }
  }

  /** Names of files that writes which were cut off left in the repository. */
  leftovers(): string[] {
    return readdirSync(this.repository, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('-tmp-'))
  }

  /** What the real restic says; undefined when there is none. */
  async checkWithRestic(): Promise<string | undefined> {
    const run = promisify(execFile)
    const env = { ...process.env, RESTIC_PASSWORD: password }
    try {
      const { stdout } = await run(restic, ['-r', this.repository, '--no-cache', 'check', '--read-data'], { env, timeout: 120_000 })
      if (!stdout.includes('no errors were found')) this.violations.push(`restic: ${stdout.slice(-400)}`)
      return stdout
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      this.violations.push(`restic: ${String(error).slice(0, 800)}`)
      return ''
    }
  }

  #writeSecret(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text)
    chmodSync(join(this.#folder, name), 0o600)
  }

  #config(keep: unknown): object {
    return {
      host: 'campaign-1',
      timezone: 'UTC',
      backup: {
        password_file: 'password',
        prune: { grace: '1h' },
        destinations: { disk: { kind: 'local', path: this.repository } },
        jobs: { [job]: { source: { kind: 'directory', paths: [this.#tree.folder] }, keep } },
      },
    }
  }
}

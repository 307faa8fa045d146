import { readdirSync } from 'node:fs'
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ConfigError, EffectError } from '@nightshift/shared/errors'
import type { FilesState, Unit } from '../course/member-state.ts'
import type { Member, MemberResult, SaveState } from '../member.ts'
import { restoreTree, type RestoreProgress, type RestoreResult } from '../tree/restore-tree.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { isThere, looked, putInPlace, takeBack } from './change-places.ts'

interface Origin {
  readonly repository: Repository
  readonly snapshot: Snapshot
}

interface Parts {
  readonly save: SaveState
  readonly workers: number | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: RestoreProgress) => void
  /** Only a restore that goes on to its end needs it. */
  readonly origin: () => Promise<Origin>
}

const maxNotes = 50

/** Folders and files: restored into a hidden folder beside what is live, from where they are renamed into place. */
export class FilesMember implements Member {
  #state: FilesState
  readonly #parts: Parts
  readonly #results: RestoreResult[] = []

  constructor(state: FilesState, parts: Parts) {
    this.#state = state
    this.#parts = parts
  }

  get state(): FilesState {
    return this.#state
  }

  async stage(): Promise<void> {
    const { repository, snapshot } = await this.#parts.origin()
    for (const { folder, paths } of this.#state.stages) {
      refuseLeftover(folder)
      await mkdir(dirname(folder), { recursive: true, mode: 0o755 })
      const result = await restoreTree(repository, snapshot, {
        to: folder,
        ...(paths.length === 0 ? {} : { include: paths }),
        ...(this.#parts.workers === undefined ? {} : { workers: this.#parts.workers }),
        verify: true,
        signal: this.#parts.signal,
        onProgress: this.#parts.onProgress,
      })
      this.#results.push(result)
      refuseLost(result, snapshot)
    }
  }

  async place(): Promise<void> {
    const { folder } = this.#state
    const units =
      folder === null
        ? this.#state.units
        : this.#state.stages.flatMap(({ folder: stage }) =>
            readdirSync(stage).map((name) => ({ live: join(folder, name), staged: join(stage, name), kept: '' })),
          )
    await this.#set({ units: units.map(looked) })
    const taken = this.#state.units.find(({ wasLive }) => wasLive)
    if (taken !== undefined) throw new ConfigError('restore_target_taken', `${taken.live} is there already; nothing is restored over it`)
    await putInPlace(this.#state.units)
    await this.#removeStages()
  }

  async swap(): Promise<void> {
    const inMounts = this.#state.mounts.flatMap(unitsOfMount)
    await this.#set({ units: [...this.#state.units, ...inMounts].map(looked) })
    await putInPlace(this.#state.units)
  }

  copy(): Promise<void> {
    return Promise.reject(new ConfigError('no_rows', 'files have no rows; give --path instead of --table'))
  }

  async revert(): Promise<void> {
    await takeBack(this.#state.units)
  }

  async discard(): Promise<void> {
    await this.#removeStages()
  }

  async clean(): Promise<void> {
    await this.#removeStages()
  }

  result(): MemberResult {
    const sum = (of: (result: RestoreResult) => number): number => this.#results.reduce((total, result) => total + of(result), 0)
    const { job, snapshot, folder, mounts } = this.#state
    const units = this.#state.units.filter(({ live }) => mounts.every(({ path }) => dirname(live) !== path))
    return {
      job,
      snapshot,
      restored:
        folder === null
          ? [...units.filter(({ isStaged }) => isStaged).map(({ live }) => live), ...mounts.map(({ path }) => path)]
          : [folder],
      kept: [...units.filter(({ wasLive }) => wasLive).map(({ kept }) => kept), ...mounts.map(({ aside }) => aside)],
      files: sum(({ files }) => files),
      bytes: sum(({ bytes }) => bytes),
      checked: sum(({ verifiedFiles }) => verifiedFiles),
      rows: null,
      notes: this.#results.flatMap(({ problems }) => problems.map(({ path, reason }) => `${path}: ${reason}`)).slice(0, maxNotes),
    }
  }

  async #removeStages(): Promise<void> {
    for (const { folder } of this.#state.stages) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    // Only when nothing is kept in it.
    for (const { aside } of this.#state.mounts) await rmdir(aside).catch(() => undefined)
  }

  async #set(change: Partial<FilesState>): Promise<void> {
    this.#state = { ...this.#state, ...change }
    await this.#parts.save(this.#state)
  }
}

/** What is in the mount now and what was restored of it: each name changes places by itself. */
function unitsOfMount({ path, stage, aside }: FilesState['mounts'][number]): Pick<Unit, 'live' | 'staged' | 'kept'>[] {
  const staged = join(stage, path)
  const ours = new Set([basename(stage), basename(aside), 'lost+found'])
  const names = new Set([...readdirSync(path), ...(isThere(staged) ? readdirSync(staged) : [])])
  return [...names]
    .filter((name) => !ours.has(name) && !name.startsWith('.bak.'))
    .map((name) => ({ live: join(path, name), staged: join(staged, name), kept: join(aside, name) }))
}

function refuseLeftover(folder: string): void {
  if (isThere(folder)) throw new EffectError('restore_failed', `${folder} is there already; remove it`)
}

/** A file that is not whole must not take the place of one that is. What is only not described as it was (owners, sockets) is told. */
function refuseLost(result: RestoreResult, snapshot: Snapshot): void {
  if (result.lostFiles === 0) return
  const [first] = result.problems
  throw new EffectError(
    'restore_incomplete',
    `${result.lostFiles} files of the snapshot ${snapshot.id.slice(0, 8)} are lost or damaged (${first?.path ?? ''}: ${first?.reason ?? ''}); ` +
      'take another snapshot, or the same one of another destination with --from',
    { severity: 'high' },
  )
}

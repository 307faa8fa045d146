import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, EffectError } from '@nightshift/shared/errors'
import type { Repository } from '../../repository/repository.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { compareFacts } from '../../sources/facts.ts'
import { besideName } from '../../sources/loaded-name.ts'
import type { Loaded, Loader } from '../../sources/loader.ts'
import type { Facts } from '../../sources/source.ts'
import type { DatabaseState } from '../course/member-state.ts'
import type { Member, MemberResult, SaveState } from '../member.ts'
import { restoreTree, type RestoreProgress } from '../tree/restore-tree.ts'
import { matchingRows } from './matching-rows.ts'

interface Origin {
  readonly repository: Repository
  readonly snapshot: Snapshot
  /** What was counted when the snapshot was made. */
  readonly facts: Facts
}

interface Parts {
  readonly save: SaveState
  readonly loader: Loader
  readonly workDir: string
  readonly workers: number | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: RestoreProgress) => void
  readonly onStep: (step: string) => void
  readonly origin: () => Promise<Origin>
  /** Shows the rows that will be copied; false: they are not. */
  readonly confirmRows?: ((text: string) => Promise<boolean>) | undefined
}

const maxNameBytes = { postgres: 63, mysql: 64 } as const

/** A database: its dump is loaded beside the live one by the loader of its source, which also lets the two change places. */
export class DatabaseMember implements Member {
  #state: DatabaseState
  readonly #parts: Parts
  #files = 0
  #bytes = 0
  #checked = 0
  #rows: number | null = null
  readonly #notes: string[] = []

  constructor(state: DatabaseState, parts: Parts) {
    this.#state = state
    this.#parts = parts
  }

  get state(): DatabaseState {
    return this.#state
  }

  async stage(): Promise<void> {
    const { repository, snapshot, facts } = await this.#parts.origin()
    const { workDir, workers, signal, onProgress, loader, onStep } = this.#parts
    const work = await mkdtemp(join(workDir, 'restore-'))
    await this.#set({ work })
    const dumps = join(work, 'dumps')
    const result = await restoreTree(repository, snapshot, {
      to: dumps,
      ...(workers === undefined ? {} : { workers }),
      verify: true,
      owners: false,
      signal,
      onProgress,
    })
    if (result.lostFiles > 0)
      throw new EffectError(
        'restore_incomplete',
        `the dump in the snapshot ${snapshot.id.slice(0, 8)} is damaged; take another one, or --from`,
        {
          severity: 'high',
        },
      )
    this.#files = result.files
    this.#bytes = result.bytes
    // Before anything is made: a process that ends while it loads can say what it has left.
    await this.#set({ loaded: await this.#expected(dumps) })
    onStep('loading')
    const { suffix, databases, tables } = this.#state
    const picked = loader.kind === 'sqlite' ? null : tables
    const loaded = await loader.load(
      dumps,
      { suffix },
      { ...(databases === null ? {} : { only: databases }), ...(picked === null ? {} : { tables: picked }) },
    )
    await this.#set({ loaded: { target: { suffix }, items: [...loaded.items], isPartial: loaded.isPartial } })
    await rm(dumps, { recursive: true, force: true, maxRetries: 3 })
    if (loaded.isPartial) {
      this.#checked = loaded.items.length
      return
    }
    onStep('counting')
    this.#compare(facts, await loader.count(loaded))
  }

  place(): Promise<void> {
    return Promise.resolve()
  }

  async swap(): Promise<void> {
    const { kept } = await this.#parts.loader.swap(this.#loaded())
    await this.#set({ kept: [...kept] })
  }

  async copy(): Promise<void> {
    const { loader, confirmRows, onStep } = this.#parts
    const { tables, where, databases, replace } = this.#state
    if (loader.copyRows === undefined) throw new ConfigError('no_rows', `${loader.kind} has no rows that could be copied`)
    const [database] = databases ?? []
    let rows = 0
    for (const table of tables ?? []) {
      const about = { ...(database === undefined ? {} : { database }), table, ...(where === null ? {} : { where }) }
      if (confirmRows !== undefined && !(await confirmRows(await matchingRows(loader, this.#loaded(), about))))
        throw new ConfigError('not_confirmed', 'nothing was changed')
      onStep(`copying ${table}`)
      rows += await loader.copyRows(this.#loaded(), { ...about, replace })
    }
    this.#rows = rows
  }

  async revert(): Promise<void> {
    if (this.#state.loaded !== null) await this.#parts.loader.revert(this.#state.loaded)
    await this.#set({ kept: [] })
  }

  async discard(): Promise<void> {
    const { loaded } = this.#state
    if (loaded !== null)
      await this.#parts.loader.drop(
        loaded.target,
        loaded.items.map(({ loadedAs }) => loadedAs),
      )
    await this.clean()
  }

  async clean(): Promise<void> {
    const { work, loaded, kept } = this.#state
    if (work !== null) await rm(work, { recursive: true, force: true, maxRetries: 3 })
    // What is left of a name whose content has moved into the live one; never what is kept.
    const left = kept.length === 0 ? [] : (loaded?.items ?? []).filter(({ loadedAs }) => !kept.includes(loadedAs))
    if (loaded !== null && left.length > 0)
      await this.#parts.loader.drop(
        loaded.target,
        left.map(({ loadedAs }) => loadedAs),
      )
  }

  result(): MemberResult {
    const { job, snapshot, loaded, kept } = this.#state
    const isSwapped = kept.length > 0
    return {
      job,
      snapshot,
      restored: (loaded?.items ?? []).map(({ name, loadedAs }) => (isSwapped || this.#rows !== null ? name : loadedAs)),
      kept,
      files: this.#files,
      bytes: this.#bytes,
      checked: this.#checked,
      rows: this.#rows,
      notes: this.#notes,
    }
  }

  #compare(expected: Facts, found: Facts): void {
    const names = this.#state.databases
    const wanted =
      names === null
        ? expected
        : Object.fromEntries(Object.entries(expected).filter(([fact]) => names.some((name) => fact.startsWith(`rows.${name}.`))))
    const { compared, mismatches } = compareFacts(wanted, found)
    this.#checked = compared
    const [first] = mismatches
    if (first !== undefined)
      throw new EffectError(
        'restore_differs',
        `${mismatches.length} counts differ from those of the backup: ${first.fact} is ${first.found ?? 'not there'}, it was ${first.expected}; take another snapshot`,
        { severity: 'high' },
      )
    if (compared === 0) this.#notes.push('nothing was counted when the snapshot was made, so nothing could be compared')
  }

  /** The names under which the dumps will be loaded; those of Redis are only known afterwards. */
  async #expected(dumps: string): Promise<DatabaseState['loaded']> {
    const { suffix, databases, tables } = this.#state
    const { kind } = this.#parts.loader
    if (kind !== 'postgres' && kind !== 'mysql') return null
    const names = await readdir(join(dumps, kind), { withFileTypes: true }).catch(() => [])
    const items = names
      .filter((entry) => entry.isDirectory() && (databases?.includes(entry.name) ?? true))
      .map(({ name }) => ({ name, loadedAs: besideName(name, suffix, maxNameBytes[kind]) }))
    return { target: { suffix }, items, isPartial: tables !== null }
  }

  #loaded(): Loaded {
    const { loaded } = this.#state
    if (loaded === null) throw new EffectError('restore_failed', 'nothing was loaded')
    return loaded
  }

  async #set(change: Partial<DatabaseState>): Promise<void> {
    this.#state = { ...this.#state, ...change }
    await this.#parts.save(this.#state)
  }
}

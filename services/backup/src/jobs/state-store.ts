import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { EffectError } from '@nightshift/shared/errors'
import type { VerifyMark } from '../verify/verify-mark.ts'
import type { IntegrityMark } from './integrity-mark.ts'
import { emptyState, newJobRecord, readState, stateVersion, type BackupState, type JobRecord } from './job-state.ts'

/** Keeps the state in `<folder>/backup.json`, whole or not at all, on the disk before a change resolves. Changes go one after the other. */
export class StateStore {
  #state: BackupState = emptyState
  #saving: Promise<void> = Promise.resolve()
  readonly #folder: string
  readonly #path: string

  constructor(folder: string) {
    this.#folder = folder
    this.#path = join(folder, 'backup.json')
  }

  get state(): BackupState {
    return this.#state
  }

  job(name: string): JobRecord | undefined {
    return Object.hasOwn(this.#state.jobs, name) ? this.#state.jobs[name] : undefined
  }

  integrity(database: string): IntegrityMark | undefined {
    return Object.hasOwn(this.#state.integrity, database) ? this.#state.integrity[database] : undefined
  }

  /** Resolves when all that was changed so far is saved, or could not be. */
  async settled(): Promise<void> {
    await this.#saving
  }

  async load(): Promise<void> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
      throw new EffectError('state_unreadable', `cannot read ${this.#path}; make it readable for the user of the service`, { cause })
    }
    this.#state = readState(text, this.#path)
  }

  /** Changes what is known of a job; one that is not known yet is seen now for the first time. */
  async changeJob(name: string, nowMs: number, change: (record: JobRecord) => JobRecord): Promise<void> {
    const record = change(this.job(name) ?? newJobRecord(nowMs))
    await this.#replace({ ...this.#state, jobs: { ...this.#state.jobs, [name]: record } })
  }

  async markPruned(destination: string, nowMs: number): Promise<void> {
    await this.#replace({ ...this.#state, prunedMs: { ...this.#state.prunedMs, [destination]: nowMs } })
  }

  async markIntegrity(database: string, mark: IntegrityMark): Promise<void> {
    await this.#replace({ ...this.#state, integrity: { ...this.#state.integrity, [database]: mark } })
  }

  async changeVerification(key: string, mark: VerifyMark): Promise<void> {
    await this.#replace({ ...this.#state, verifications: { ...this.#state.verifications, [key]: mark } })
  }

  async #replace(state: BackupState): Promise<void> {
    this.#state = state
    const saved = this.#saving.then(async () => await this.#save())
    this.#saving = saved.catch(() => undefined)
    await saved
  }

  /** Writes what is known by now, which may be more than at the time of the change. */
  async #save(): Promise<void> {
    const draft = `${this.#path}.tmp`
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify({ schema_version: stateVersion, state: this.#state }))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, this.#path)
      const folder = await open(this.#folder, 'r')
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
    } catch (cause) {
      throw new EffectError('state_not_saved', `cannot write ${this.#path}; free space, or correct its permissions`, {
        transient: true,
        severity: 'high',
        cause,
      })
    }
  }
}

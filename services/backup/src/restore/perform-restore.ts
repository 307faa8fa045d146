import { describeError, EffectError } from '@nightshift/shared/errors'
import { previousFacts } from '../jobs/manifest.ts'
import { runHook } from '../jobs/hooks.ts'
import type { JobConfig } from '../config/job-config.ts'
import { acquireLock, type RepositoryLock } from '../lock/repository-lock.ts'
import { loadSnapshot } from '../snapshot/snapshot.ts'
import { createLoader } from '../sources/registry.ts'
import { advance, beginCourse, resume, stepOf, type Course, type Step } from './course/course.ts'
import { JournalStore, thisProcess, type Journal } from './course/journal.ts'
import type { MemberState } from './course/member-state.ts'
import { DatabaseMember } from './databases/database-member.ts'
import { FilesMember } from './files/files-member.ts'
import { awaitHealth } from './health.ts'
import type { Member, MemberResult } from './member.ts'
import type { PreparedRestore } from './prepare-restore.ts'
import type { RestoreParts } from './restore-parts.ts'
import { safetySnapshot } from './safety.ts'
import { OpenedDestinations } from './select-snapshot.ts'

const lockWaitMs = 60_000

export interface RestoreOutcome {
  readonly run: string
  readonly actor: string
  readonly jobs: readonly string[]
  /** undone: it failed, and all is as it was before. stuck: it failed, and not all could be put back; the next start tries again. */
  readonly outcome: 'done' | 'undone' | 'stuck'
  readonly failure: string | null
  readonly problems: readonly string[]
  readonly members: readonly MemberResult[]
  /** Of the safety snapshots of what was live. */
  readonly safety: readonly string[]
  readonly seconds: number
}

/** Carries a restore out. It fails by its outcome: what was live is then as it was before. */
export async function performRestore(prepared: PreparedRestore, actor: string, parts: RestoreParts): Promise<RestoreOutcome> {
  if (prepared.mode !== 'beside') await new JournalStore(parts.journalDir).refuseOthers(prepared.members.map(({ job }) => job))
  const withSafety = prepared.safety && prepared.mode !== 'beside'
  const course = beginCourse(prepared.mode, prepared.members.length, withSafety)
  const journal: Journal = {
    schema_version: 1,
    run: prepared.run,
    actor,
    startedMs: parts.clock.now(),
    ...thisProcess(),
    course,
    members: [...prepared.members],
  }
  return await new Restore(journal, parts).carryOut()
}

/** Finishes, or takes back, the restores whose process ended in the middle. */
export async function recoverRestores(parts: RestoreParts): Promise<RestoreOutcome[]> {
  const outcomes: RestoreOutcome[] = []
  for (const journal of await new JournalStore(parts.journalDir).abandoned()) {
    const course = resume(journal.course)
    parts.log.warn(
      { run: journal.run },
      `a restore of ${journal.members.map(({ job }) => job).join(', ')} was cut off and is ${course.phase === 'back' ? 'taken back' : 'finished'} now`,
    )
    outcomes.push(await new Restore({ ...journal, ...thisProcess(), course }, parts).carryOut())
  }
  return outcomes
}

class Restore {
  #journal: Journal
  readonly #parts: RestoreParts
  readonly #store: JournalStore
  readonly #opened: OpenedDestinations
  readonly #members = new Map<number, Member>()
  readonly #locks: RepositoryLock[] = []
  readonly #lockedAt = new Set<string>()
  readonly #safety: string[] = []
  readonly #wayBack = new AbortController().signal
  #release: (() => Promise<void>) | undefined

  constructor(journal: Journal, parts: RestoreParts) {
    this.#journal = journal
    this.#parts = parts
    this.#store = new JournalStore(parts.journalDir)
    this.#opened = new OpenedDestinations(parts.destinations, parts.signal)
  }

  async carryOut(): Promise<RestoreOutcome> {
    const startedMs = this.#parts.clock.monotonicMs()
    try {
      let { course } = this.#journal
      for (let step = stepOf(course); step !== undefined; step = stepOf(course)) {
        const next = await this.#take(course, step)
        // What was opened for the way forward may have been stopped with it.
        if (next.phase !== course.phase && next.phase === 'back') this.#members.clear()
        course = next
      }
      await this.#finish(course)
      return this.#outcome(course, (this.#parts.clock.monotonicMs() - startedMs) / 1000)
    } finally {
      for (const lock of this.#locks) await lock.release().catch((error: unknown) => this.#warn(error, 'a lock could not be given back'))
      await this.#release?.().catch((error: unknown) => this.#warn(error, 'the hold of the healer could not be taken away'))
      await this.#opened.close()
    }
  }

  /** A step is written down before it begins, so that whoever comes after a crash knows how far it may have come. */
  async #take(course: Course, step: Step): Promise<Course> {
    try {
      const saved = this.#save({ course })
      // The way back is gone also without a journal: each of its steps can be taken twice.
      await (course.phase === 'forward' ? saved : saved.catch((error: unknown) => this.#warn(error, 'the journal could not be written')))
      if (course.phase === 'forward') this.#parts.signal.throwIfAborted()
      await this.#perform(step, course)
      return advance(course, { ok: true })
    } catch (error) {
      this.#warn(error, `restore: ${step.kind} failed`)
      return advance(course, { ok: false, error: describeError(error) })
    }
  }

  async #perform({ kind, member: at }: Step, course: Course): Promise<void> {
    const { job } = this.#stateOf(at)
    this.#parts.onProgress({ step: `${kind} ${job}`, doneBytes: null, totalBytes: null, doneItems: null, totalItems: null })
    if (kind === 'safety') return await this.#keepPresent(at)
    if (kind === 'stop' || kind === 'start') return await this.#runHooks(at, kind, course)
    if (kind === 'check') return await this.#look(at)
    const member = await this.#member(at)
    if (kind === 'stage') await this.#lock(member.state.destination)
    await member[kind]()
  }

  async #keepPresent(at: number): Promise<void> {
    const { job, destination } = this.#stateOf(at)
    const config = this.#config(job)
    const { repository } = await this.#opened.open(destination)
    const snapshot = await safetySnapshot(repository, {
      ...this.#parts,
      job,
      config,
      run: this.#journal.run,
      workers: this.#parts.config.workers,
    })
    this.#safety.push(snapshot.id)
  }

  /** Those after it run whatever happened, and nobody ends them: they start what was stopped. */
  async #runHooks(at: number, kind: 'stop' | 'start', course: Course): Promise<void> {
    const { job } = this.#stateOf(at)
    const { restore } = this.#config(job)
    if (kind === 'stop' && restore.hold_healer) this.#release ??= await this.#parts.hold?.()
    const facts = {
      NIGHTSHIFT_JOB: job,
      NIGHTSHIFT_RUN: this.#journal.run,
      NIGHTSHIFT_PHASE: kind === 'stop' ? 'restore_before' : 'restore_after',
      NIGHTSHIFT_OUTCOME: course.phase === 'forward' ? 'restored' : 'taken_back',
    }
    const signal = kind === 'stop' && course.phase === 'forward' ? this.#parts.signal : this.#wayBack
    for (const hook of kind === 'stop' ? restore.before : restore.after) await runHook(hook, facts, signal)
  }

  async #look(at: number): Promise<void> {
    const { job } = this.#stateOf(at)
    const { health } = this.#config(job).restore
    if (health !== undefined) await awaitHealth(health, { NIGHTSHIFT_JOB: job, NIGHTSHIFT_RUN: this.#journal.run }, this.#parts.signal)
  }

  async #member(at: number): Promise<Member> {
    const known = this.#members.get(at)
    if (known !== undefined) return known
    const member = await this.#create(at)
    this.#members.set(at, member)
    return member
  }

  async #create(at: number): Promise<Member> {
    const state = this.#stateOf(at)
    const { job, destination } = state
    const { signal, workDir, config, onProgress } = this.#parts
    const shared = {
      save: async (changed: MemberState) => await this.#save({ members: this.#journal.members.with(at, changed) }),
      workers: config.workers,
      signal,
      onProgress: ({
        currentPath,
        ...progress
      }: {
        currentPath: string
        doneBytes: number
        totalBytes: number | null
        doneItems: number
        totalItems: number | null
      }) => onProgress({ ...progress, step: `restoring ${currentPath}` }),
    }
    const origin = async () => {
      const { repository } = await this.#opened.open(destination)
      const snapshot = await loadSnapshot(repository, state.snapshot, { signal })
      return { repository, snapshot, facts: (await previousFacts(repository, snapshot, signal)) ?? {} }
    }
    if (state.kind === 'files') return new FilesMember(state, { ...shared, origin })
    // On the way back it must work though the restore itself was stopped.
    const { course } = this.#journal
    const loader = await createLoader(this.#config(job).source, {
      ...this.#parts,
      signal: course.phase === 'back' ? this.#wayBack : signal,
    })
    if (loader === undefined) throw new EffectError('restore_failed', `${job} has no databases`)
    const onStep = (step: string): void =>
      onProgress({ step: `${step} ${job}`, doneBytes: null, totalBytes: null, doneItems: null, totalItems: null })
    return new DatabaseMember(state, { ...shared, loader, workDir, onStep, origin, confirmRows: this.#parts.confirmRows })
  }

  async #lock(destination: string): Promise<void> {
    if (this.#lockedAt.has(destination)) return
    const { repository } = await this.#opened.open(destination)
    const { host: hostname, username, clock, signal } = this.#parts
    this.#locks.push(await acquireLock(repository, { exclusive: false, hostname, username, clock, signal, waitMs: lockWaitMs }))
    this.#lockedAt.add(destination)
  }

  async #finish(course: Course): Promise<void> {
    if (course.phase === 'stuck') {
      await this.#save({ course }).catch((error: unknown) => this.#warn(error, 'the journal could not be written'))
      return
    }
    for (const at of this.#journal.members.keys()) {
      try {
        await (await this.#member(at)).clean()
      } catch (error) {
        this.#warn(error, 'something that was only beside is left')
      }
    }
    await this.#store.remove(this.#journal.run)
  }

  #outcome(course: Course, seconds: number): RestoreOutcome {
    const { run, actor, members } = this.#journal
    return {
      run,
      actor,
      jobs: members.map(({ job }) => job),
      outcome: course.phase === 'done' ? 'done' : course.phase === 'stuck' ? 'stuck' : 'undone',
      failure: course.failure,
      problems: course.problems,
      members: [...this.#members.values()].map((member) => member.result()),
      safety: this.#safety,
      seconds,
    }
  }

  async #save(change: Partial<Journal>): Promise<void> {
    this.#journal = { ...this.#journal, ...change }
    await this.#store.write(this.#journal)
  }

  #stateOf(at: number): MemberState {
    const state = this.#members.get(at)?.state ?? this.#journal.members[at]
    if (state === undefined) throw new EffectError('restore_failed', 'the journal does not fit the restore')
    return state
  }

  #config(job: string): JobConfig {
    const config = this.#parts.config.jobs[job]
    if (config === undefined)
      throw new EffectError('restore_failed', `the job ${job} is not in the configuration any more; put it back, and start again`)
    return config
  }

  #warn(error: unknown, message: string): void {
    this.#parts.log.warn({ error, run: this.#journal.run }, `${message}: ${describeError(error)}`)
  }
}

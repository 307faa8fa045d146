import type { Bus } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import type { HealthEvent } from '@nightshift/shared/events/health'
import { settlesWithin } from '@nightshift/shared/service/deadline'
import type { ServiceContext } from '@nightshift/shared/service/service'
import type { Control } from '../control/control-record.ts'
import { emptyState, type HealerState, type OutboxEntry } from '../state/healer-state.ts'
import type { RunStore } from '../state/run-store.ts'
import type { AskCheck } from '../verify/collector-check.ts'
import { applyInput, takeTransition, type Decision, type HealerInput, type Surroundings, type Task } from './decide.ts'
import { Outbox } from './outbox.ts'
import { absentPlaybook, type Playbook } from './playbook.ts'
import { TaskRunner } from './task-runner.ts'

interface DriverPorts {
  bus: Bus
  clock: Clock
  log: ServiceContext<unknown>['log']
  store: RunStore
  stateDir: string
  readControl: () => Promise<Control>
  ask: AskCheck
}

const saveRetryMs = 5000
/** A command at hand may finish by itself for so long when the healer stops. */
const actionGraceMs = 300
const taskGraceMs = 1000
const unlockGraceMs = 200
const flushGraceMs = 300

/**
 * Carries the decisions out: one at a time, each on the disk before any of its effects begins. Long work runs beside and comes back as the
 * next input. One run per target, so there are never more runs than playbooks.
 */
export class HealDriver {
  private readonly ports: DriverPorts
  private readonly runner: TaskRunner
  private readonly outbox: Outbox
  private playbooks: ReadonlyMap<string, Playbook> = new Map()
  private around: Surroundings
  private current: HealerState = emptyState
  private turn: Promise<void> = Promise.resolve()
  private readonly tasks = new Set<Promise<void>>()
  private readonly timers = new Map<string, NodeJS.Timeout>()
  private readonly retries = new Set<NodeJS.Timeout>()
  private readonly cancels = new Map<string, AbortController>()
  private readonly hardStop = new AbortController()
  private isStopping = false
  private saveError: string | undefined
  readonly counts = { acts: 0, actsFailed: 0, duplicates: 0 }

  constructor(ports: DriverPorts, playbooks: ReadonlyMap<string, Playbook>, around: Surroundings) {
    this.ports = ports
    this.playbooks = playbooks
    this.around = around
    this.outbox = new Outbox(ports.bus, ports.log)
    this.runner = new TaskRunner({
      ...ports,
      report: (runId, input) => this.dispatch(runId, input),
    })
  }

  get state(): HealerState {
    return this.current
  }

  get refusedEvents(): number {
    return this.outbox.refused
  }

  /** Why nothing can be healed now; undefined when it can. */
  get trouble(): string | undefined {
    return this.saveError
  }

  /** Loads the state and goes on with what an earlier run of the process left. */
  async start(): Promise<void> {
    this.current = await this.ports.store.load()
    await this.update((state) => [{ ...state, checks: this.onlyWatched(state.checks) }, []])
    for (const run of Object.values(this.current.runs)) {
      const playbook = this.playbooks.get(run.target)
      void this.settle(run.id, { kind: 'resumed' }, playbook ?? absentPlaybook(run))
      if (playbook?.name !== run.playbook) void this.settle(run.id, gone, playbook ?? absentPlaybook(run))
    }
    this.flush()
  }

  /** Takes a transition in. Resolves when it and what it led to are on the disk; rejects when they are not. */
  async accept(event: HealthEvent, at: { subject: string; seq: number }): Promise<void> {
    const playbook = this.playbooks.get(event.check)
    if (playbook === undefined) return
    await this.update((state, now) => {
      if (state.seen.includes(event.id)) this.counts.duplicates++
      return takeTransition(state, event, at, playbook, this.around, now)
    })
  }

  /** Takes other playbooks; runs of those that are gone end. */
  reload(playbooks: ReadonlyMap<string, Playbook>, around: Surroundings): void {
    const before = this.playbooks
    for (const run of Object.values(this.current.runs)) {
      if (playbooks.get(run.target)?.name === run.playbook) continue
      const old = before.get(run.target)
      if (old !== undefined) void this.settle(run.id, gone, old)
    }
    this.playbooks = playbooks
    this.around = around
  }

  /** Ends what waits, gives a running command a moment, ends it then; what was under way is looked at again by the next start. */
  async stop(): Promise<void> {
    this.isStopping = true
    for (const timer of [...this.timers.values(), ...this.retries]) clearTimeout(timer)
    this.outbox.stop()
    for (const cancel of this.cancels.values()) cancel.abort()
    await settlesWithin(Promise.all(this.tasks), actionGraceMs)
    this.hardStop.abort()
    await settlesWithin(Promise.all(this.tasks), taskGraceMs)
    await settlesWithin(this.runner.unlockAll(), unlockGraceMs)
    const flushed = this.turn.then(() => this.outbox.idle()).then(() => this.turn)
    await settlesWithin(flushed, flushGraceMs)
  }

  private onlyWatched(checks: HealerState['checks']): HealerState['checks'] {
    return Object.fromEntries(Object.entries(checks).filter(([check]) => this.playbooks.has(check)))
  }

  private dispatch(runId: string, input: HealerInput): void {
    const run = Object.values(this.current.runs).find((candidate) => candidate.id === runId)
    const playbook = run === undefined ? undefined : this.playbooks.get(run.target)
    if (run === undefined || playbook === undefined) return
    void this.settle(runId, input, playbook)
  }

  /** Applies the input however often it takes: an answer that was paid for with an action must not be lost because the disk was full. */
  private async settle(runId: string, input: HealerInput, playbook: Playbook): Promise<void> {
    try {
      await this.update((state, now) => applyInput(state, runId, input, playbook, this.around, now))
    } catch (error) {
      this.ports.log.error({ run: runId, reason: describeError(error) }, 'a step of a run waits until it can be saved')
      if (this.isStopping) return
      const retry = setTimeout(() => {
        this.retries.delete(retry)
        void this.settle(runId, input, playbook)
      }, saveRetryMs)
      this.retries.add(retry)
    }
  }

  private update(decide: (state: HealerState, now: number) => Decision): Promise<void> {
    const turn = this.turn.then(async () => {
      const before = { ...this.current, outbox: this.outbox.open(this.current.outbox) }
      const [next, tasks] = decide(before, this.ports.clock.now())
      if (next === before && tasks.length === 0 && before.outbox.length === this.current.outbox.length) return
      await this.save(next)
      this.current = next
      this.outbox.stored(next.outbox)
      for (const entry of next.outbox.slice(before.outbox.length)) this.logEdge(entry)
      for (const task of tasks) this.begin(task)
      this.endLeftovers()
      if (next.outbox.length > 0) this.flush()
    })
    this.turn = turn.catch(() => undefined)
    return turn
  }

  private async save(state: HealerState): Promise<void> {
    try {
      await this.ports.store.save(state)
      this.saveError = undefined
    } catch (error) {
      this.saveError = describeError(error)
      throw error
    }
  }

  private logEdge({ subject, event }: OutboxEntry): void {
    const { playbook, phase, run, attempt, reason, correlation_id } = event
    if (typeof phase === 'string') this.ports.log.info({ subject, playbook, run, attempt, reason, correlation_id }, `heal ${phase}`)
  }

  private flush(): void {
    this.outbox.flush(
      () => this.current.outbox,
      () => void this.update((state) => [state, []]).catch(() => undefined),
    )
  }

  private begin(task: Task): void {
    const { run, effect } = task
    const playbook = this.playbooks.get(run.target)
    if (playbook === undefined || (this.isStopping && effect.kind !== 'unlock')) return
    if (effect.kind === 'wait') {
      this.wait(run.id, run.dueMs, run.phaseSinceMs)
      return
    }
    const cancel = this.cancels.get(run.id) ?? new AbortController()
    this.cancels.set(run.id, cancel)
    const work = this.work(task, playbook, cancel.signal)
    this.tasks.add(work)
    void work.finally(() => this.tasks.delete(work))
  }

  private async work(task: Task, playbook: Playbook, soft: AbortSignal): Promise<void> {
    const { run, effect } = task
    try {
      const input = await this.runner.perform(task, playbook, this.around, soft, this.hardStop.signal)
      if (input?.kind === 'acted') {
        this.counts.acts++
        if (input.result.failed) this.counts.actsFailed++
      }
      if (input !== undefined) await this.settle(run.id, input, playbook)
    } catch (error) {
      if (soft.aborted || this.hardStop.signal.aborted) return
      this.ports.log.error(
        {
          run: run.id,
          playbook: run.playbook,
          effect: effect.kind,
          correlation_id: run.correlationId,
          error,
        },
        'a step of a run failed; it is tried again',
      )
      if (effect.kind !== 'unlock')
        this.wait(run.id, this.ports.clock.now() + saveRetryMs, this.ports.clock.now(), {
          kind: 'resumed',
        })
    }
  }

  /** Timers count real time: a clock that is set meanwhile neither shortens nor lengthens the wait. */
  private wait(runId: string, dueMs: number | null, sinceMs: number, input: HealerInput = { kind: 'due' }): void {
    if (this.isStopping) return
    clearTimeout(this.timers.get(runId))
    const due = dueMs ?? sinceMs
    const delayMs = Math.max(0, Math.min(due - this.ports.clock.now(), Math.max(0, due - sinceMs)))
    this.timers.set(
      runId,
      setTimeout(() => this.dispatch(runId, input), delayMs),
    )
  }

  /** What belonged to runs that have ended. */
  private endLeftovers(): void {
    const live = new Set(Object.values(this.current.runs).map((run) => run.id))
    for (const [runId, timer] of this.timers) {
      if (live.has(runId)) continue
      clearTimeout(timer)
      this.timers.delete(runId)
    }
    for (const [runId, cancel] of this.cancels) {
      if (live.has(runId)) continue
      cancel.abort()
      this.cancels.delete(runId)
      const release = this.runner.unlock(runId).catch(() => undefined)
      this.tasks.add(release)
      void release.finally(() => this.tasks.delete(release))
    }
  }
}

const gone: HealerInput = {
  kind: 'withdrawn',
  reason: 'the playbook is no longer in the configuration',
}

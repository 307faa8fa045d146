import type { HealthEvent } from '@nightshift/shared/events/health'
import type { ActionResult } from '../../src/actions/action.ts'
import { applyInput, takeTransition, type Decision, type HealerInput, type Task } from '../../src/playbook/decide.ts'
import type { Playbook } from '../../src/playbook/playbook.ts'
import { emptyState, healerStateSchema, type HealerState } from '../../src/state/healer-state.ts'
import { healthFixture, playbookFixture, startMs, surroundings } from './run-fixture.ts'

export interface SimulatedAct {
  target: string
  run: string
  attempt: number
  atMs: number
  killed: boolean
}

export type Luck = 'good' | 'bad' | 'silent'

/** A healer without a world: time, answers and switches are the test's. Only the decisions are real. */
export class Simulation {
  state: HealerState = emptyState
  now = startMs
  killed = false
  readonly acts: SimulatedAct[] = []
  readonly checks = ['web', 'db', 'mail']
  private open: Task[] = []
  private events = 0
  private seq = 0
  private readonly playbooks = new Map<string, Playbook>(
    this.checks.map((check) => [check, playbookFixture(check, check === 'db' ? { attempts: 1 } : {})]),
  )

  transition(check: string, state: HealthEvent['state'], ageMs: number): HealthEvent {
    const event = healthFixture(`e${++this.events}`, { check, state, time: new Date(this.now - ageMs).toISOString() })
    this.deliver(event, ++this.seq)
    return event
  }

  deliver(event: HealthEvent, seq: number): void {
    const playbook = this.playbook(event.check)
    this.take(takeTransition(this.state, event, { subject: `ops.health.web-1.${event.check}`, seq }, playbook, surroundings, this.now))
  }

  /** Answers one open task; a wait only when its time has come. */
  answer(index: number, luck: Luck): void {
    const task = this.open[index % Math.max(1, this.open.length)]
    if (task === undefined) return
    if (task.effect.kind === 'wait' && (task.run.dueMs ?? 0) > this.now) return
    this.open = this.open.filter((other) => other !== task)
    const input = this.input(task, luck)
    if (input !== undefined) this.take(applyInput(this.state, task.run.id, input, this.playbook(task.run.target), surroundings, this.now))
  }

  /** Answers the first task that is due. */
  work(luck: Luck): void {
    const index = this.open.findIndex((task) => task.effect.kind !== 'wait' || (task.run.dueMs ?? 0) <= this.now)
    if (index >= 0) this.answer(index, luck)
  }

  /** Answers so that the run acts and helps, as far as the rails let it. */
  heal(check: string): void {
    for (let steps = 0; steps < 20; steps++) {
      const index = this.open.findIndex((task) => task.run.target === check && task.effect.kind !== 'wait')
      if (index < 0) return
      this.answer(index, this.open[index]?.effect.kind === 'precheck' ? 'bad' : 'good')
    }
  }

  /** The healer dies: everything that was open is forgotten but what is in its state, which goes through its schema. */
  restart(): void {
    this.open = []
    this.state = healerStateSchema.parse(JSON.parse(JSON.stringify(this.state)))
    for (const run of Object.values(this.state.runs))
      this.take(applyInput(this.state, run.id, { kind: 'resumed' }, this.playbook(run.target), surroundings, this.now))
  }

  /** Lets time run and answers come until no run is left; gives the number of steps that took. */
  runOut(luck: () => Luck, limit: number): number {
    for (let steps = 1; steps <= limit; steps++) {
      if (Object.keys(this.state.runs).length === 0) return steps
      const waits = this.open.filter((task) => task.effect.kind === 'wait')
      const busy = this.open.findIndex((task) => task.effect.kind !== 'wait')
      if (busy >= 0) this.answer(busy, luck())
      else {
        const next = waits.toSorted((a, b) => (a.run.dueMs ?? 0) - (b.run.dueMs ?? 0))[0]
        if (next === undefined) throw new Error(`a run waits for nothing: ${JSON.stringify(this.state.runs)}`)
        this.now = Math.max(this.now, next.run.dueMs ?? 0)
        this.answer(this.open.indexOf(next), luck())
      }
    }
    throw new Error(`runs that do not end: ${JSON.stringify(this.state.runs)}`)
  }

  private take([state, tasks]: Decision): void {
    this.state = state
    for (const task of tasks) {
      if (task.effect.kind === 'act')
        this.acts.push({ target: task.run.target, run: task.run.id, attempt: task.run.attempt, atMs: this.now, killed: this.killed })
      // As in the driver, a run has one timer.
      if (task.effect.kind === 'wait')
        this.open = this.open.filter((other) => !(other.effect.kind === 'wait' && other.run.id === task.run.id))
      if (task.effect.kind !== 'unlock') this.open.push(task)
    }
    const live = new Set(Object.values(state.runs).map((run) => run.id))
    this.open = this.open.filter((task) => live.has(task.run.id))
  }

  private input(task: Task, luck: Luck): HealerInput | undefined {
    const kind = luck === 'good' ? 'healthy' : luck === 'bad' ? 'failing' : 'unknown'
    const answer = { kind, reason: luck } as const
    const result: ActionResult = {
      kind: luck === 'silent' ? 'refused' : 'done',
      failed: luck !== 'good',
      summary: luck,
      output: null,
      exitCode: 0,
      durationSeconds: 1,
    }
    switch (task.effect.kind) {
      case 'wait':
        return { kind: 'due' }
      case 'gate':
        return { kind: 'control', control: luck === 'silent' ? undefined : { killSwitch: this.killed ? 'stop' : null, hold: null } }
      case 'precheck':
        return { kind: 'prechecked', answer }
      case 'diagnose':
        return { kind: 'diagnosed', file: luck === 'good' ? 'run.txt' : null, reason: luck }
      case 'lock':
        return luck === 'silent' ? { kind: 'not_locked', reason: luck } : { kind: 'locked', token: 1 }
      case 'act':
        return { kind: 'acted', result }
      case 'verify':
        return { kind: 'verified', answer }
      case 'unlock':
        return undefined
    }
  }

  private playbook(check: string): Playbook {
    const playbook = this.playbooks.get(check)
    if (playbook === undefined) throw new Error(`no playbook for ${check}`)
    return playbook
  }
}

import { isDeepStrictEqual } from 'node:util'
import type { SelfMetrics } from '@nightshift/shared/service/service'
import { nextTick } from '../cadence.ts'
import { firstDelayMs } from '../schedule.ts'
import type { CollectorConfig } from '../config.ts'
import type { Room, RoomContext } from '../rooms/room.ts'
import type { Fields } from '../sources/source.ts'
import { AspectRunner } from './aspect-runner.ts'
import { aspects, type SecurityConfig } from './registry.ts'

interface Scheduled {
  readonly runner: AspectRunner
  readonly options: unknown
  readonly originMs: number
  dueMs: number
  everyMs: number
}

/** The security posture of the host: each aspect on its cadence, one after the other, so that they never take much at once. */
export class PostureRoom implements Room {
  readonly #context: RoomContext
  readonly #stopping = new AbortController()
  readonly #scheduled = new Map<string, Scheduled>()
  /** Aspects whose look hangs. */
  readonly #hanging = new Set<string>()
  #config: SecurityConfig | undefined
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #looks = 0

  constructor(context: RoomContext) {
    this.#context = context
  }

  /** An aspect whose options changed is looked at soon; the others keep their time. */
  async apply({ security }: CollectorConfig): Promise<void> {
    if (security === undefined) return
    this.#config = security
    const nowMs = this.#context.clock.monotonicMs()
    for (const aspect of aspects) {
      const schedule = aspect.schedule(security)
      const known = this.#scheduled.get(aspect.name)
      if (schedule === undefined) {
        this.#scheduled.delete(aspect.name)
        continue
      }
      const options = aspect.options(security)
      if (known !== undefined && known.everyMs === schedule.everyMs && isDeepStrictEqual(known.options, options)) continue
      const originMs = nowMs + firstDelayMs(this.#context.origin.host, 'security', schedule.everyMs)
      const runner = known?.runner ?? new AspectRunner(aspect, this.#context, this.#hanging)
      this.#scheduled.set(aspect.name, { runner, options, originMs, dueMs: originMs, everyMs: schedule.everyMs })
    }
    this.#arm()
  }

  checkNames(): readonly string[] {
    return [...this.#scheduled.values()].map(({ runner }) => runner.check)
  }

  self(): SelfMetrics {
    const states = [...this.#scheduled.values()].map(({ runner }) => runner.state)
    const sum = (valueOf: (state: AspectRunner['state']) => number): number => states.reduce((total, state) => total + valueOf(state), 0)
    return {
      security_looks_total: this.#looks,
      security_look_timeouts_total: sum(({ timeouts }) => timeouts),
      security_differences_total: sum(({ differencesFound }) => differencesFound),
      security_differences_published_total: sum(({ differencesPublished }) => differencesPublished),
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#round
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#stopping.signal.aborted || this.#round !== undefined || this.#scheduled.size === 0) return
    const dueMs = Math.min(...[...this.#scheduled.values()].map((each) => each.dueMs))
    const delayMs = Math.max(0, Math.ceil(dueMs - this.#context.clock.monotonicMs()))
    this.#timer = setTimeout(() => {
      this.#round = this.#runDue()
        .catch((error: unknown) => this.#context.log.error({ error }, 'a round of the security posture broke off'))
        .finally(() => {
          this.#round = undefined
          this.#arm()
        })
    }, delayMs)
  }

  async #runDue(): Promise<void> {
    const due = [...this.#scheduled].filter(([, { dueMs }]) => dueMs <= this.#context.clock.monotonicMs())
    for (const [name, scheduled] of due) {
      // A reload meanwhile may have taken it out, or changed what it is told.
      if (this.#stopping.signal.aborted || this.#config === undefined) return
      if (this.#scheduled.get(name) !== scheduled) continue
      const { originMs, everyMs, dueMs } = scheduled
      scheduled.dueMs = nextTick(originMs, everyMs, dueMs, this.#context.clock.monotonicMs()).dueMs
      await scheduled.runner.run(this.#config, this.#stopping.signal)
      this.#looks++
    }
    if (due.length > 0 && !this.#stopping.signal.aborted) this.#publish()
  }

  /** All aspects in one message: one that is not in it is gone. */
  #publish(): void {
    const states = [...this.#scheduled.values()].map(({ runner }) => runner.state)
    const items = states.map(({ item }) => item).filter((item) => item !== undefined)
    const sum = (field: string): number => items.reduce((total, item) => total + Number(item[field]), 0)
    const fields: Fields = { all_findings: sum('findings'), all_differences: sum('differences') }
    for (const state of states) Object.assign(fields, state.fields)
    this.#context.publishMetrics('security', { fields, items }, this.#context.clock.now(), null)
  }
}

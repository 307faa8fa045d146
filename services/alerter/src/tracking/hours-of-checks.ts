import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { lookAround } from '../look-around.ts'
import type { CheckRule } from '../rules/rule.ts'

const lookEveryMs = 1000

/** A check that fails all night fails in the morning too, and says nothing new: rules with hours are looked at when their hours turn. */
export const hoursOfChecks: CompanionKind = (view) => new HoursOfChecks(view)

class HoursOfChecks implements Companion {
  readonly #view: ShardView
  readonly #within = new Map<string, boolean>()
  #stopLooking: (() => void) | undefined

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    for (const rule of this.#view.rules().checkRules) this.#turns(rule)
    this.#stopLooking = lookAround(this.#view, lookEveryMs, () => this.#look())
    await Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopLooking?.()
    await Promise.resolve()
  }

  async #look(): Promise<void> {
    const turned = this.#view.rules().checkRules.filter((rule) => this.#turns(rule))
    if (turned.length > 0) await this.#view.carryOut(this.#view.engine.recheck(turned))
  }

  #turns(rule: CheckRule): boolean {
    if (rule.hours === null) return false
    const isWithin = rule.hours.contains(this.#view.context.clock.now())
    const was = this.#within.get(rule.name)
    this.#within.set(rule.name, isWithin)
    return was !== undefined && was !== isWithin
  }
}

import type { Received } from '@nightshift/shared/events/parse'
import type { Host } from '@nightshift/shared/subjects'
import type { AbsenceRule } from '../../rules/rule.ts'
import { matchesGlob } from '../../rules/glob.ts'
import { readingsOf } from '../readings.ts'

const maxHeard = 20_000

/** A metric of a host, or one of its checks, that a rule wants to hear of. Times are monotonic. */
export interface Heard {
  readonly rule: AbsenceRule
  readonly host: Host
  /** null: the rule is on a metric. */
  readonly check: string | null
  lastMs: number
  /** The event that said so last; undefined when that was before our time. */
  lastId: string | undefined
  isAbsent: boolean
}

/** What was heard of once, and when last. Pure: who asks brings the time. Bounded: what does not fit is counted, and is not missed. */
export class AbsenceBook {
  readonly #heard = new Map<string, Heard>()
  #rules: readonly AbsenceRule[]
  overflowTotal = 0

  constructor(rules: readonly AbsenceRule[]) {
    this.#rules = rules
  }

  get rules(): readonly AbsenceRule[] {
    return this.#rules
  }

  of(rule: string): Heard[] {
    return [...this.#heard.values()].filter((heard) => heard.rule.name === rule)
  }

  /** Takes changed rules. Gives what no rule wants to hear of any more. */
  use(rules: readonly AbsenceRule[]): Heard[] {
    this.#rules = rules
    const gone: Heard[] = []
    for (const [key, heard] of this.#heard) {
      const rule = rules.find(({ name, watch }) => name === heard.rule.name && watch === heard.rule.watch)
      if (rule !== undefined && rule.readsHost(heard.host)) this.#heard.set(key, { ...heard, rule })
      else if (this.#heard.delete(key)) gone.push(heard)
    }
    return gone
  }

  /** Takes up what was heard of before our time: from now on it is waited for. */
  restore(rule: AbsenceRule, host: Host, check: string | null, atMs: number, isAbsent: boolean): void {
    const known = this.#heard.get(heardKey(rule.name, host, check)) ?? this.#admit(rule, host, check, atMs, isAbsent)
    if (known !== undefined) known.isAbsent = isAbsent
  }

  /** What a message says something of. New ones come with `isNew`. */
  hear(received: Received, atMs: number): { heard: Heard; isNew: boolean }[] {
    if (received.kind !== 'metric' && received.kind !== 'check') return []
    const { host } = received.address
    const found: { heard: Heard; isNew: boolean }[] = []
    for (const rule of this.#rules) {
      if (!isHeard(rule, received) || !rule.readsHost(host)) continue
      const check = received.kind === 'check' ? received.event.check : null
      const known = this.#heard.get(heardKey(rule.name, host, check))
      const heard = known ?? this.#admit(rule, host, check, atMs, false)
      if (heard === undefined) continue
      heard.lastMs = atMs
      heard.lastId = received.event.id
      found.push({ heard, isNew: known === undefined })
    }
    return found
  }

  /** What has not been heard of for too long. `sinceMs`: since when this rule could have heard of it. */
  overdue(atMs: number, sinceMs: (rule: AbsenceRule) => number): Heard[] {
    return [...this.#heard.values()].filter(
      ({ rule, lastMs, isAbsent }) => !isAbsent && atMs - Math.max(lastMs, sinceMs(rule)) >= rule.absentMs,
    )
  }

  absent(rule: AbsenceRule): Heard[] {
    return this.of(rule.name).filter(({ isAbsent }) => isAbsent)
  }

  /** A host that left for good, or a check that was removed, is not missed. Gives those that were absent. */
  forget(host: Host, check?: string): { absent: Heard[]; rules: Set<string> } {
    const gone = [...this.#heard].filter(([, heard]) => heard.host === host && (check === undefined || heard.check === check))
    for (const [key] of gone) this.#heard.delete(key)
    return {
      absent: gone.flatMap(([, heard]) => (heard.isAbsent ? [heard] : [])),
      rules: new Set(gone.map(([, heard]) => heard.rule.name)),
    }
  }

  #admit(rule: AbsenceRule, host: Host, check: string | null, atMs: number, isAbsent: boolean): Heard | undefined {
    if (this.#heard.size >= maxHeard) {
      this.overflowTotal++
      return undefined
    }
    const heard: Heard = { rule, host, check, lastMs: atMs, lastId: undefined, isAbsent }
    this.#heard.set(heardKey(rule.name, host, check), heard)
    return heard
  }
}

/** A number that cannot be read, and a check that cannot be run, are not heard of. */
function isHeard(rule: AbsenceRule, received: Received): boolean {
  if (received.kind === 'check') return rule.check !== null && received.event.ok !== null && matchesGlob(rule.check, received.event.check)
  if (received.kind !== 'metric' || rule.source === null || received.event.group !== rule.source.group) return false
  return readingsOf(rule.source, received.event)?.some(({ value }) => value !== null) === true
}

function heardKey(rule: string, host: Host, check: string | null): string {
  return `${rule}\u0000${host ?? ''}\u0000${check ?? ''}`
}

import type { BackupEvent } from '@nightshift/shared/events/backup'
import type { Received } from '@nightshift/shared/events/parse'
import type { Host } from '@nightshift/shared/subjects'
import { matchesGlob } from '../../rules/glob.ts'
import type { EventRule } from '../../rules/rule.ts'
import { severities, type Severity } from '../../rules/severity.ts'

const maxCounted = 20_000
/** More of one thing are not told apart; no threshold is beyond. */
const maxEvents = 1000

/** What happened lately to one thing that a rule watches. */
export interface Counted {
  readonly rule: EventRule
  readonly host: Host
  readonly labels: Readonly<Record<string, string>>
  /** Event times by id: an event that comes twice is one. */
  readonly events: Map<string, number>
  lastId: string | undefined
  /** The level that is on. */
  severity: Severity | undefined
}

type Labels = Readonly<Record<string, string>>

/** Counts events of the bus over the last while. Pure: who asks brings the time. Bounded: what does not fit is counted, and not watched. */
export class EventCounts {
  readonly #counted = new Map<string, Counted>()
  overflowTotal = 0

  all(): Counted[] {
    return [...this.#counted.values()]
  }

  /** Takes an event in; gives the counts that it changed. */
  take(rules: readonly EventRule[], received: Received, nowMs: number): Counted[] {
    const fact = factOf(received)
    if (fact === undefined) return []
    const { kind, whats, labels, host } = fact
    const atMs = Date.parse(received.event.time)
    return rules.flatMap((rule): Counted[] => {
      const isNamed = rule.event.kind === kind && whats.some((what) => matchesGlob(rule.event.what, what))
      const isMeant = isNamed && rule.readsHost(host) && rule.readsLabels(labels)
      if (!isMeant || nowMs - atMs >= rule.overMs) return []
      const counted = this.counted(rule, host, labels)
      if (counted === undefined) return []
      if (counted.events.size >= maxEvents) for (const oldest of counted.events.keys().take(1)) counted.events.delete(oldest)
      counted.events.set(received.event.id, atMs)
      counted.lastId = received.event.id
      return [counted]
    })
  }

  counted(rule: EventRule, host: Host, labels: Labels): Counted | undefined {
    const key = JSON.stringify([rule.name, host, labels])
    const known = this.#counted.get(key)
    if (known !== undefined) return known
    if (this.#counted.size >= maxCounted) {
      this.overflowTotal++
      return undefined
    }
    const counted: Counted = { rule, host, labels, events: new Map(), lastId: undefined, severity: undefined }
    this.#counted.set(key, counted)
    return counted
  }

  /** How many there were in the time that the rule looks back on. Forgets older ones. */
  count({ rule, events }: Counted, nowMs: number): number {
    for (const [id, atMs] of events) if (nowMs - atMs >= rule.overMs) events.delete(id)
    return events.size
  }

  /** Forgets what is over, or what nobody watches any more. */
  forget(isGone: (counted: Counted) => boolean): Counted[] {
    const gone = [...this.#counted].filter(([, counted]) => isGone(counted))
    for (const [key] of gone) this.#counted.delete(key)
    return gone.map(([, counted]) => counted)
  }
}

/** The worst level that a count is over, strictly. */
export function levelOf({ levels }: EventRule, count: number): Severity | undefined {
  return severities.find((severity) => levels.some((level) => level.severity === severity && count > level.threshold))
}

interface Fact {
  readonly kind: string
  /** What it can be called; a rule that means several of them counts it once. */
  readonly whats: readonly string[]
  readonly host: Host
  readonly labels: Labels
}

function factOf(received: Received): Fact | undefined {
  switch (received.kind) {
    case 'health':
      return { kind: 'health', whats: [received.event.state], host: received.address.host, labels: { check: received.event.check } }
    case 'backup':
      return { kind: 'backup', whats: whatsOfBackup(received.event), host: received.address.host, labels: { job: received.event.job } }
    case 'heal':
      return { kind: 'heal', whats: [received.event.phase], host: received.address.host, labels: { playbook: received.event.playbook } }
    case 'change':
      return { kind: 'change', whats: [received.event.what], host: received.address.host, labels: {} }
    default:
      return undefined
  }
}

/** Its phase, and which promise it says to be broken. */
function whatsOfBackup({ phase, rpo_met: rpo, rto_met: rto, copies_met: copies, destinations }: BackupEvent): string[] {
  // Too few destinations are a choice, of which the configuration warns; one that missed its copy is not.
  const isShort = copies === false && destinations?.some(({ ok }) => !ok) === true
  return [phase, ...(rpo === false ? ['rpo_missed'] : []), ...(rto === false ? ['rto_missed'] : []), ...(isShort ? ['copies_missing'] : [])]
}

import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Called, Ladder } from '../escalate/ladder.ts'
import type { HostFigures } from '../figures/host-figures.ts'
import type { Severity } from '../rules/severity.ts'

/** What people heard of a member last. */
export interface Told {
  readonly phase: 'firing' | 'resolved'
  readonly severity: Severity
  readonly epoch: string
}

/** One alert of a group. */
export interface Member {
  /** Its last event: firing, updated or resolved. */
  readonly event: AlertEvent
  /** null: nobody heard of it yet. */
  readonly told: Told | null
  /** Since when there is something to tell, by our clock; null when there is nothing. */
  readonly news_ms: number | null
  /** It goes another way since: who heard of it here hears of its end, and nobody is called or reminded because of it. */
  readonly left: boolean
  /** The acknowledgement of it that this group took last, by its time; null: none. */
  readonly acked_ms: number | null
}

/** From the first message until everything is resolved. */
export interface Incident {
  readonly id: string
  readonly opened_ms: number
  readonly worst: Severity
  /** Who is called; as it was in the configuration at the beginning. */
  readonly ladder: Ladder | null
}

export interface Acked {
  readonly actor: string
  readonly time_ms: number
  readonly until_ms: number | null
}

/** Alerts that share a message. Stored as it is (snake_case). */
export interface Group {
  readonly id: string
  /** Id of the route. */
  readonly route: string
  /** What its members have in common. */
  readonly labels: Readonly<Record<string, string>>
  /** The channels that the rule names; null: those of the route. */
  readonly named_channels: readonly string[] | null
  readonly members: Readonly<Record<string, Member>>
  /** From the first message until everything is resolved; null in between. */
  readonly incident: Incident | null
  /** Messages so far in this incident. */
  readonly seq: number
  readonly told_ms: number | null
  /** Who heard of this incident: they hear of its end too. */
  readonly told_channels: readonly string[]
  /** Somebody took it on: nothing is repeated or escalated, for good or until that time. */
  readonly acked: Acked | null
  /** Steps of the ladder that were taken. */
  readonly escalated: number
}

/** Why a message is sent. */
export const occasions = ['new', 'changed', 'resolved', 'repeated', 'escalated', 'acked', 'flapping', 'summary'] as const
export type Occasion = (typeof occasions)[number]

/** What a group has to say at one moment. */
export interface Message {
  readonly incident: string
  readonly seq: number
  readonly occasion: Occasion
  readonly opened_ms: number
  /** Firing, the worst first, then what was resolved since the last message. Bounded. */
  readonly alerts: readonly AlertEvent[]
  readonly firing: number
  readonly resolved: number
  readonly worst: Severity
  /** Of the host, when all of it is about one host. */
  readonly figures: HostFigures | null
  /** Who is called with this message. */
  readonly contacts: readonly Called[]
  /** 1 is an outage; null: the rules do not say. */
  readonly level: number | null
  /** By when somebody is to take it on, know the cause, have it running again, milliseconds; null: nobody said. */
  readonly targets: { readonly respond_ms: number | null; readonly cause_ms: number | null; readonly recover_ms: number | null } | null
  /** Who took it on, if somebody did; absent in what an older version stored. */
  readonly acked?: Acked | null
}

export function newGroup(parts: Pick<Group, 'id' | 'route' | 'labels' | 'named_channels'>): Group {
  return { ...parts, members: {}, incident: null, seq: 0, told_ms: null, told_channels: [], acked: null, escalated: 0 }
}

export function isFiring(event: AlertEvent): boolean {
  return event.phase === 'firing' || event.phase === 'updated'
}

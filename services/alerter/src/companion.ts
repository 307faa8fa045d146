import type { Lease } from '@nightshift/shared/bus/bus'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Received } from '@nightshift/shared/events/parse'
import type { ServiceContext } from '@nightshift/shared/service/service'
import type { AlerterConfig } from './config.ts'
import type { Counters } from './counters.ts'
import type { GroupBook } from './group/group-book.ts'
import type { Muter } from './mute/mute.ts'
import type { Desk } from './notify/desk.ts'
import type { RuleBook } from './rules/compile.ts'
import type { ShardPlace } from './shard-place.ts'
import type { Position, FollowedStream } from './state/position.ts'
import type { AlertBook } from './tracking/alert-book.ts'
import type { Change, Engine } from './tracking/engine.ts'

/** The shard as what works beside its rules sees it. */
export interface ShardView {
  readonly context: ServiceContext<AlerterConfig>
  readonly lease: Lease
  /** Which hosts it sees at all: those of its shard. What concerns the whole fleet is the first shard's. */
  readonly place: ShardPlace
  readonly engine: Engine
  readonly book: AlertBook
  readonly groups: GroupBook
  readonly desk: Desk
  readonly counters: Counters
  /** Messages of the bus that are not read yet, as far as known. */
  readonly lag: () => number
  readonly rules: () => RuleBook
  readonly config: () => AlerterConfig
  /** Runs between messages, so that nothing overlaps. Never rejects: what goes wrong ends the shard, which then starts over. */
  readonly exclusively: (task: () => Promise<void>) => Promise<void>
  /** Publishes an alert event and takes it into its groups. Only inside of `exclusively`. */
  readonly tell: (event: AlertEvent) => Promise<void>
  /** Stores changes and tells them. Only inside of `exclusively`, `see` returns its own. */
  readonly carryOut: (changes: readonly Change[]) => Promise<void>
}

/** What works beside the rules of a shard: silences, the presence of hosts, acknowledgements. companion-registry.ts lists them. */
export interface Companion {
  /** Reasons to keep quiet. */
  readonly muters?: readonly Muter[]
  /** Takes up what is stored; called once, before the first message. */
  open?(): Promise<void>
  /** Messages of EVENTS that are to be read for its sake. Those about a channel reach one shard. */
  reads?(subject: string): boolean
  /** Sees every message before the rules do, one at a time and in order. */
  see?(received: Received, at: { stream: FollowedStream; position: Position }): readonly Change[]
  /** Whether it tells people of this event itself, in `told`: its groups take it and say nothing yet. */
  takesOver?(event: AlertEvent): boolean
  /** An alert event is on the bus and in its groups, in order. Carries nothing out, unless the event came by `tell`. */
  told?(event: AlertEvent): Promise<void>
  reload?(config: AlerterConfig): Promise<void>
  /** Why some alerts are not judged yet. */
  notReady?(): readonly string[]
  stop?(): Promise<void>
}

export type CompanionKind = (view: ShardView) => Companion

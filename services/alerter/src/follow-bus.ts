import type { RawMessage, Reader } from '@nightshift/shared/bus/bus'
import type { ServiceContext } from '@nightshift/shared/service/service'
import { buildSubject } from '@nightshift/shared/subjects'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import type { FollowedStream } from './state/position.ts'
import { shardOfToken, type ShardPlace } from './shard-place.ts'
import type { Checkpoint } from './state/stored.ts'

/** What the followed streams bring. Handlers are called one at a time per stream, in order. */
export interface Feed {
  /** Whether a message of EVENTS is read that is not one of those that always are. */
  reads(subject: string): boolean
  onMessage(stream: FollowedStream, seq: number, received: Received): Promise<void> | void
  /** A message that nobody here reads, or that breaks the contract: it is passed all the same. */
  onSkipped(stream: FollowedStream, seq: number): void
  onGap(stream: FollowedStream, gap: { firstSeq: number; reason: 'expired' | 'recreated' }): void
  onCaughtUp(stream: FollowedStream, seq: number): void
}

/** Hosts of which it is remembered whose they are; more are worked out again. */
const maxKnownHosts = 100_000

type Us = Pick<ServiceContext<unknown>, 'bus' | 'host' | 'name'>

export type Readers = Readonly<Record<FollowedStream, Reader>>

/**
 * Follows METRICS, and the health transitions, backups, heals and changes on EVENTS, from the checkpoint. Without one, metrics begin now and
 * transitions at the beginning, for the last of each check is what it is in. Hosts and channels of other shards are passed over. Fixed names: a
 * successor takes over from a reader that hangs.
 */
export function followBus({ bus, host, name: service }: Us, place: ShardPlace, checkpoint: Checkpoint | undefined, feed: Feed): Readers {
  const name = `alerter-${place.number}`
  const isOwn = ownSubjects(place, bus.namespace)
  // It comes through to every shard, for it tells that something comes through.
  const ownHeartbeat = buildSubject({ kind: 'agent', host, service }, bus.namespace)
  const options = (stream: FollowedStream, isRead: (subject: string) => boolean) => ({
    stream,
    name,
    incarnation: checkpoint?.incarnations[stream] ?? undefined,
    handle: (message: RawMessage) => {
      if (!isRead(message.subject) || !(isOwn(message.subject) || message.subject === ownHeartbeat))
        return feed.onSkipped(stream, message.seq)
      return feed.onMessage(stream, message.seq, parseOrSkip(message, stream))
    },
    onGap: (gap: { firstSeq: number; reason: 'expired' | 'recreated' }) => feed.onGap(stream, gap),
    onCaughtUp: (seq: number) => feed.onCaughtUp(stream, seq),
  })
  const parseOrSkip = (message: RawMessage, stream: FollowedStream): Received => {
    try {
      return parseEvent(message.subject, message.data, bus.namespace)
    } catch (error) {
      feed.onSkipped(stream, message.seq)
      throw error
    }
  }
  // One filter per consumer is all that nats-server 2.9 has, so the rest of EVENTS is passed over here.
  const read = [`${bus.namespace}.health.`, `${bus.namespace}.change.`, `${bus.namespace}.backup.`, `${bus.namespace}.heal.`]
  const { METRICS: metrics, EVENTS: events } = checkpoint?.applied ?? {}
  const isFresh = metrics === undefined || (metrics.seq === 0 && metrics.generation === 0)
  return {
    METRICS: bus.follow({ ...options('METRICS', () => true), after: isFresh ? 'new' : metrics.seq }),
    EVENTS: bus.follow({
      ...options('EVENTS', (subject) => read.some((prefix) => subject.startsWith(prefix)) || feed.reads(subject)),
      after: events?.seq ?? 0,
    }),
  }
}

/** Tells by its subject whether a message is about a host of this shard, without reading it. */
function ownSubjects({ number, shards }: ShardPlace, namespace: string): (subject: string) => boolean {
  if (shards === 1) return () => true
  const known = new Map<string, boolean>()
  return (subject) => {
    const start = subject.indexOf('.', namespace.length + 1) + 1
    const token = subject.slice(start, subject.indexOf('.', start))
    let isOwn = known.get(token)
    if (isOwn === undefined) {
      if (known.size >= maxKnownHosts) known.clear()
      isOwn = shardOfToken(token, shards) === number
      known.set(token, isOwn)
    }
    return isOwn
  }
}

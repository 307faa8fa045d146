import type { Bus, RawMessage, Reader } from '@nightshift/shared/bus/bus'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import type { FollowedStream } from './state/position.ts'
import type { Checkpoint } from './state/stored.ts'

/** What the followed streams bring. Handlers are called one at a time per stream, in order. */
export interface Feed {
  onMessage(stream: FollowedStream, seq: number, received: Received): Promise<void> | void
  /** A message that nobody here reads, or that breaks the contract: it is passed all the same. */
  onSkipped(stream: FollowedStream, seq: number): void
  onGap(stream: FollowedStream, gap: { firstSeq: number; reason: 'expired' | 'recreated' }): void
  onCaughtUp(stream: FollowedStream, seq: number): void
}

export type Readers = Readonly<Record<FollowedStream, Reader>>

/**
 * Follows METRICS, and the health transitions and changes on EVENTS, from the checkpoint. Without one, metrics begin now and transitions at
 * the beginning, for the last of each check is what it is in. Fixed names: a successor takes over from a reader that hangs.
 */
export function followBus(bus: Bus, shard: number, checkpoint: Checkpoint | undefined, feed: Feed): Readers {
  const name = `alerter-${shard}`
  const options = (stream: FollowedStream, isRead: (subject: string) => boolean) => ({
    stream,
    name,
    incarnation: checkpoint?.incarnations[stream] ?? undefined,
    handle: (message: RawMessage) => {
      if (!isRead(message.subject)) return feed.onSkipped(stream, message.seq)
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
  const read = [`${bus.namespace}.health.`, `${bus.namespace}.change.`]
  const heartbeats = `${bus.namespace}.agent.`
  const { METRICS: metrics, EVENTS: events } = checkpoint?.applied ?? {}
  const isFresh = metrics === undefined || (metrics.seq === 0 && metrics.generation === 0)
  return {
    METRICS: bus.follow({ ...options('METRICS', (subject) => !subject.startsWith(heartbeats)), after: isFresh ? 'new' : metrics.seq }),
    EVENTS: bus.follow({ ...options('EVENTS', (subject) => read.some((prefix) => subject.startsWith(prefix))), after: events?.seq ?? 0 }),
  }
}

import { AckPolicy, DeliverPolicy, type ConsumerConfig, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { ConsumeOptions } from './bus.ts'
import { refusal } from './refusal.ts'

const defaultAckWaitMs = 30_000
/** With more than one at a time, so many may be under way or wait for their next attempt. */
const maxAckPending = 1000

/** What its reader knows of its own progress. */
interface Progress {
  /** The highest that was handled. */
  lastSeq: number
  /** Behind it nothing is open, as long as the reader handles one at a time; else so many below it may be. */
  slack: number
}

interface Claim {
  /** Messages that wait in the stream. */
  pending: number
  /** The stream was made anew since the last claim: sequences count from the beginning. */
  isAnotherStream: boolean
}

/** The consumer of a durable reader on the server. Made only when it is missing; when it is there but set up otherwise, changed. */
export class DurableConsumer {
  private streamMade: string | undefined
  /** Everything up to here was done with at the last claim. */
  private floorSeq = 0
  private readonly stream: string
  private readonly options: ConsumeOptions

  /** @param stream its name on the server */
  constructor(stream: string, options: ConsumeOptions) {
    this.stream = stream
    this.options = options
  }

  async claim(jsm: JetStreamManager, progress: Progress): Promise<Claim> {
    const { durable } = this.options
    const stream = await jsm.streams.info(this.stream)
    const isAnotherStream = this.streamMade !== undefined && this.streamMade !== stream.created
    const behindSeq = this.behind(stream, progress)
    this.streamMade = stream.created
    try {
      const info = await jsm.consumers.info(this.stream, durable)
      this.floorSeq = info.ack_floor.stream_seq
      const wanted = this.changeableConfig()
      const differs = Object.entries(wanted).some(([key, value]) => info.config[key as keyof ConsumerConfig] !== value)
      if (differs) await jsm.consumers.update(this.stream, durable, wanted)
      return { pending: info.num_pending, isAnotherStream }
    } catch (error) {
      if (refusal(error).code !== 'consumer_not_found') throw error
    }
    const made = await jsm.consumers.add(this.stream, {
      ...this.changeableConfig(),
      name: durable,
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: behindSeq + 1,
    })
    this.floorSeq = behindSeq
    return { pending: made.num_pending, isAnotherStream }
  }

  /**
   * Behind which message a consumer begins that has to be made: the first time as the options say; in place of one that was removed behind
   * what was handled; in a stream made anew at its beginning.
   */
  private behind({ created, state }: StreamInfo, { lastSeq, slack }: Progress): number {
    if (this.streamMade === undefined) return this.options.startAt === 'new' ? state.last_seq : 0
    return this.streamMade === created ? Math.max(this.floorSeq, lastSeq - slack) : 0
  }

  /** We count attempts ourselves: what the server gave up on would stay in the stream unseen. */
  private changeableConfig(): { filter_subject: string; ack_wait: number; max_deliver: number; max_ack_pending: number } {
    const { filter, concurrency = 1, ackWaitMs = defaultAckWaitMs } = this.options
    return {
      filter_subject: filter,
      ack_wait: nanos(ackWaitMs),
      max_deliver: -1,
      max_ack_pending: concurrency === 1 ? 1 : maxAckPending,
    }
  }
}

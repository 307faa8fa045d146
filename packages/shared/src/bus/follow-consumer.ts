import { randomUUID } from 'node:crypto'
import { AckPolicy, DeliverPolicy, type ConsumerInfo, type JetStreamManager } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { isoTime } from '../clock.ts'
import type { Live } from './live.ts'
import { refusal } from './refusal.ts'

/** The server forgets the consumer of a process that died after this time. */
const inactiveMs = 5 * 60_000
/** After so many looks in a row that found it unused, a consumer that another reader of our name made is taken back. */
const unusedLooks = 2

interface FollowConsumerOptions {
  /** The stream's name on the server. */
  stream: string
  name: string
  filter: string | undefined
  /** Begin with the first message of this time instead of the first of all. */
  startMs: number | undefined
  /** Begin with the last message of each subject instead of the first of all. */
  lastPerSubject: boolean
}

/** The consumer of a follower on the server: of a fixed name, in memory, without acknowledgements, made anew for each binding. */
export class FollowConsumer {
  /** Stands in the description of the consumer and tells ours from one that another reader of the same name made since. */
  private readonly mark = `reader ${randomUUID()}`
  private hasClaimed = false
  private unused = 0
  private readonly options: FollowConsumerOptions

  constructor(options: FollowConsumerOptions) {
    this.options = options
  }

  /** Makes the consumer, in place of any other of its name, to hand out what follows `afterSeq`. undefined: another reader has taken over and is at work. */
  async claim({ jsm, broken }: Live, afterSeq: number): Promise<ConsumerInfo | undefined> {
    const { stream, name, filter, startMs, lastPerSubject } = this.options
    const present = await this.find(jsm)
    // The client is the same after a reconnect: what was begun under the old connection must not reach into the binding of the new one.
    broken.throwIfAborted()
    if (present && this.hasClaimed && present.config.description !== this.mark) {
      this.unused = (present.num_waiting ?? 0) > 0 ? 0 : this.unused + 1
      if (this.unused < unusedLooks) return undefined
    }
    this.unused = 0
    if (present) await this.remove(jsm)
    broken.throwIfAborted()
    this.hasClaimed = true
    const fromLast = lastPerSubject && afterSeq === 0
    const info = await jsm.consumers.add(stream, {
      name,
      description: this.mark,
      ...(filter !== undefined && { filter_subject: filter }),
      ack_policy: AckPolicy.None,
      ...(fromLast
        ? { deliver_policy: DeliverPolicy.LastPerSubject, filter_subject: filter ?? '>' }
        : startMs !== undefined && afterSeq === 0
          ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: isoTime(startMs) }
          : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: afterSeq + 1 }),
      inactive_threshold: nanos(inactiveMs),
      mem_storage: true,
      num_replicas: 1,
    })
    broken.throwIfAborted()
    return info
  }

  /** Removes it, unless it is another's by now. */
  async leave(jsm: JetStreamManager): Promise<void> {
    const present = await this.find(jsm)
    if (present?.config.description === this.mark) await this.remove(jsm)
  }

  private async find(jsm: JetStreamManager): Promise<ConsumerInfo | undefined> {
    try {
      return await jsm.consumers.info(this.options.stream, this.options.name)
    } catch (error) {
      if (refusal(error).code === 'consumer_not_found') return undefined
      throw error
    }
  }

  private async remove(jsm: JetStreamManager): Promise<void> {
    try {
      await jsm.consumers.delete(this.options.stream, this.options.name)
    } catch (error) {
      if (refusal(error).code !== 'consumer_not_found') throw error
    }
  }
}

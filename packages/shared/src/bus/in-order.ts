import type { Delivery } from './delivery.ts'

interface InOrderParts {
  /** Must not reject. undefined when it was done at once: then the turn is not given up. */
  handle: (delivery: Delivery) => Promise<void> | undefined
  /** The message is done with. */
  onDone: (delivery: Delivery) => void
  /** One is missing between two deliveries; what came behind it is thrown away. */
  onHole: () => void
  stopping: AbortSignal
}

/** Works off the deliveries of one consumer, one at a time, in order and without holes. */
export class InOrder {
  /** Deliveries that came, by the consumer's count. */
  received = 0
  private buffer: Delivery[] = []
  private expected = 1
  private torn = false
  private busy = false
  private draining: Promise<void> | undefined
  private readonly parts: InOrderParts

  constructor(parts: InOrderParts) {
    this.parts = parts
  }

  /** Waiting to be handled. */
  get length(): number {
    return this.buffer.length
  }

  get isIdle(): boolean {
    return !this.busy
  }

  push(delivery: Delivery): void {
    this.received = delivery.deliverySeq
    if (this.torn) return
    this.buffer.push(delivery)
    if (!this.busy) this.draining = this.drain()
  }

  /** Resolves when everything that came has been handled, or after the stop the one at hand. */
  async settled(): Promise<void> {
    await this.draining
  }

  private async drain(): Promise<void> {
    this.busy = true
    while (this.buffer.length > 0) {
      const batch = this.buffer
      this.buffer = []
      for (const delivery of batch) {
        if (this.parts.stopping.aborted || this.torn) break
        if (delivery.deliverySeq === this.expected) {
          this.expected++
          const working = this.parts.handle(delivery)
          if (working) await working
          this.parts.onDone(delivery)
        } else {
          this.torn = true
          this.parts.onHole()
        }
      }
    }
    this.busy = false
  }
}

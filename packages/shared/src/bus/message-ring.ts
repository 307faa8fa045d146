export interface RingMessage {
  readonly subject: string
  readonly data: Uint8Array
}

/** What a message costs beside its bytes: the objects around it. */
const overheadBytes = 200

/** Messages in the order they came, bounded in bytes: the oldest make room. */
export class MessageRing {
  bytes = 0
  dropped = 0
  private messages: (RingMessage | undefined)[] = []
  private head = 0
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get length(): number {
    return this.messages.length - this.head
  }

  push(message: RingMessage): void {
    this.messages.push(message)
    this.bytes += cost(message)
    while (this.bytes > this.maxBytes && this.length > 0) {
      this.shift()
      this.dropped++
    }
  }

  shift(): RingMessage | undefined {
    const message = this.messages[this.head]
    if (message === undefined) return undefined
    this.messages[this.head++] = undefined
    this.bytes -= cost(message)
    if (this.head > 1024 && this.head * 2 > this.messages.length) {
      this.messages = this.messages.slice(this.head)
      this.head = 0
    }
    return message
  }
}

function cost(message: RingMessage): number {
  return message.data.byteLength + message.subject.length + overheadBytes
}

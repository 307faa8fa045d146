import type { Analyzer, AnalyzerContext, LineOrigin, LogNotice, ShippedLine } from '../../src/logs/record.ts'

/** Stands in for the analysis where a test is about the way of the lines: counts them, ships each, and says one that begins with `!`. */
export class PlainAnalyzer implements Analyzer {
  readonly #context: AnalyzerContext
  readonly #notices: LogNotice[] = []
  #shipped: ShippedLine[] = []
  #seen: number
  /** The last line waits for the next, as one does that may have a stack trace. */
  #held: ShippedLine | undefined
  #heldMs = 0

  constructor(_config: unknown, context: AnalyzerContext) {
    this.#context = context
    this.#seen = isSeen(context.saved) ? context.saved.seen : 0
  }

  take(chunk: Buffer, receivedMs: number, origin: LineOrigin, offset: number): void {
    let at = offset
    for (const message of chunk.toString('utf8').split('\n').slice(0, -1)) {
      this.#seen++
      const about = { level: 'info', message, fingerprint: null, fields: origin.labels } as const
      if (message.startsWith('!')) this.#notices.push({ ...about, count: 1, timeMs: receivedMs, fields: {} })
      if (this.#context.ship !== null) {
        this.close()
        this.#held = { ...about, timeMs: null, receivedMs, key: origin.key, offset: at }
        this.#heldMs = this.#context.clock.monotonicMs()
      }
      at += Buffer.byteLength(message) + 1
    }
  }

  close(): void {
    if (this.#held !== undefined) this.#shipped.push(this.#held)
    this.#held = undefined
  }

  read(): { fields: Record<string, number> } {
    return { fields: { seen_total: this.#seen } }
  }

  drainEvents(): LogNotice[] {
    return this.#notices.splice(0)
  }

  drainShipped(max: number): ShippedLine[] {
    if (this.#context.clock.monotonicMs() - this.#heldMs > 500) this.close()
    const next = this.#shipped.slice(0, max)
    this.#shipped = this.#shipped.slice(max)
    return next
  }

  pendingShipped(): number {
    return this.#shipped.length + (this.#held === undefined ? 0 : 1)
  }

  openEvents(): number {
    if (this.#context.clock.monotonicMs() - this.#heldMs > 500) this.close()
    return this.#held === undefined ? 0 : 1
  }

  isFull(): boolean {
    return this.#shipped.length > 2000
  }

  save(): unknown {
    return { seen: this.#seen }
  }
}

function isSeen(value: unknown): value is { seen: number } {
  return typeof value === 'object' && value !== null && 'seen' in value && typeof value.seen === 'number'
}

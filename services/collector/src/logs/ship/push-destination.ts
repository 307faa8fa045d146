import { describeError } from '@nightshift/shared/errors'
import { Backoff, parseRetryAfter } from './backoff.ts'
import { noShipCounts, type Destination, type DestinationContext, type Parcel } from './destination.ts'
import type { PushAnswer, PushClient } from './push-client.ts'

const slowestRetryMs = 30_000

/** What an answer means for the lines of a request, one verdict each. */
export type Verdict = 'taken' | 'refused' | 'again'

/** A line and how it stands in a request. */
interface Item {
  readonly parcel: Parcel
  readonly text: string
}

/** How one kind of server is spoken to. */
export interface PushDialect {
  readonly name: string
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  /** One line as it stands in a request; the bodies of several are joined by `join`. */
  encode(parcel: Parcel): string
  join(encoded: readonly string[], parcels: readonly Parcel[]): string
  /** Called for an answer that is neither a failure of the server nor of the whole request. */
  judge(answer: PushAnswer, parcels: readonly Parcel[]): { verdicts: Verdict[]; reason: string }
}

export interface PushLimits {
  readonly maxBatchBytes: number
  readonly giveUpAfterMs: number | undefined
}

/** Sends lines by HTTP until the server has them: batches within a size, patience as the server asks for it, no line lost for another's sake. */
export class PushDestination implements Destination {
  readonly counts = noShipCounts()
  readonly #dialect: PushDialect
  readonly #client: PushClient
  readonly #limits: PushLimits
  readonly #context: DestinationContext
  readonly #backoff = new Backoff(slowestRetryMs)
  #complaint = ''

  constructor(dialect: PushDialect, client: PushClient, limits: PushLimits, context: DestinationContext) {
    this.#dialect = dialect
    this.#client = client
    this.#limits = limits
    this.#context = context
  }

  get name(): string {
    return this.#dialect.name
  }

  async ship(parcels: readonly Parcel[], signal: AbortSignal): Promise<void> {
    for (let from = 0; from < parcels.length;) {
      const batch = this.#encodeSome(parcels, from)
      from += batch.length
      await this.#deliver(batch, signal)
    }
  }

  close(): void {
    this.#client.close()
  }

  /** As many lines as fit into one request, at least one. */
  #encodeSome(parcels: readonly Parcel[], from: number): readonly Item[] {
    const items: Item[] = []
    let bytes = 0
    for (const parcel of parcels.slice(from)) {
      const text = this.#dialect.encode(parcel)
      bytes += Buffer.byteLength(text) + 1
      if (items.length > 0 && bytes > this.#limits.maxBatchBytes) break
      items.push({ parcel, text })
    }
    return items
  }

  async #deliver(batch: readonly Item[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    const beganMs = clock.monotonicMs()
    let left = batch
    while (left.length > 0) {
      const outcome = await this.#attempt(left, signal)
      left = outcome.left
      if (left.length === 0) break
      if (outcome.isTooLarge && left.length > 1) {
        const middle = Math.ceil(left.length / 2)
        await this.#deliver(left.slice(0, middle), signal)
        left = left.slice(middle)
        continue
      }
      const { giveUpAfterMs } = this.#limits
      if (giveUpAfterMs !== undefined && clock.monotonicMs() - beganMs > giveUpAfterMs) {
        this.counts.dropped += left.length
        return
      }
      this.counts.retries++
      await this.#backoff.wait(signal, outcome.waitMs)
    }
    this.#backoff.reset()
  }

  /** One request. What is left must be sent again. */
  async #attempt(
    batch: readonly Item[],
    signal: AbortSignal,
  ): Promise<{ left: readonly Item[]; waitMs?: number | undefined; isTooLarge?: boolean }> {
    const { contentType, headers } = this.#dialect
    let answer: PushAnswer
    try {
      const body = this.#dialect.join(
        batch.map(({ text }) => text),
        batch.map(({ parcel }) => parcel),
      )
      answer = await this.#client.post(contentType, body, headers, signal)
    } catch (error) {
      signal.throwIfAborted()
      this.#complain(describeError(error))
      return { left: batch }
    }
    const { status } = answer
    if (status === 413) {
      if (batch.length > 1) return { left: batch, isTooLarge: true }
      this.#refuse(1, 'a single line is too large for it')
      return { left: [] }
    }
    if (status === 429 || status >= 500 || isOurs(status)) {
      this.#complain(`it answers with ${status}${isOurs(status) ? '; look at its address and credentials' : ''}`)
      return { left: batch, waitMs: parseRetryAfter(answer.retryAfter, this.#context.clock.now()) }
    }
    return { left: this.#settle(batch, answer) }
  }

  #settle(batch: readonly Item[], answer: PushAnswer): readonly Item[] {
    const { verdicts, reason } = this.#dialect.judge(
      answer,
      batch.map(({ parcel }) => parcel),
    )
    const refused = verdicts.filter((verdict) => verdict === 'refused').length
    this.counts.shipped += verdicts.filter((verdict) => verdict === 'taken').length
    if (refused > 0) this.#refuse(refused, reason)
    const left = batch.filter((_, index) => verdicts[index] === 'again')
    if (left.length === 0 && refused === 0) this.#recover()
    return left
  }

  #refuse(lines: number, reason: string): void {
    this.counts.rejected += lines
    this.#complain(`lines are refused: ${reason}`)
  }

  #recover(): void {
    if (this.#complaint !== '') this.#context.log.info({ log: this.#context.source }, `${this.name} takes lines again`)
    this.#complaint = ''
  }

  #complain(complaint: string): void {
    if (complaint === this.#complaint) return
    this.#complaint = complaint
    this.#context.log.warn({ log: this.#context.source, error: complaint }, `lines cannot be shipped to ${this.name}`)
  }
}

/** Not the fault of a line, but of the address or the credentials: they can be put right while the lines wait. */
function isOurs(status: number): boolean {
  return status === 401 || status === 403 || status === 404 || status === 405 || status === 407 || (status >= 300 && status < 400)
}

import { ChannelError } from './channel.ts'

/** What became of one recipient of a message. */
export type Fate = 'taken' | { readonly refused: string }

/** Messages whose recipients are remembered; the oldest is forgotten first. */
const maxMessages = 1000

/**
 * Who of several recipients has a message already, so that the next attempt goes only to the others. It is kept in memory: after a restart
 * an attempt goes to everybody again.
 */
export class Recipients {
  readonly #fates = new Map<string, Map<string, Fate>>()

  /** Those nothing is known of yet. */
  waiting(message: string, all: readonly string[]): string[] {
    const fates = this.#fates.get(message)
    return fates === undefined ? [...all] : all.filter((recipient) => !fates.has(recipient))
  }

  note(message: string, recipient: string, fate: Fate): void {
    let fates = this.#fates.get(message)
    if (fates === undefined) {
      if (this.#fates.size >= maxMessages) for (const oldest of this.#fates.keys().take(1)) this.#fates.delete(oldest)
      fates = new Map()
      this.#fates.set(message, fates)
    }
    fates.set(recipient, fate)
  }

  /**
   * Ends a message. Throws ChannelError when somebody will never have it: that is no delivery, although others have it. `show` is how a
   * recipient is named in errors, which are read by many.
   */
  settle(message: string, show: (recipient: string) => string): void {
    const fates = [...(this.#fates.get(message) ?? [])]
    this.#fates.delete(message)
    const refused = fates.flatMap(([recipient, fate]) => (fate === 'taken' ? [] : [{ recipient, why: fate.refused }]))
    const [first] = refused
    if (first === undefined) return
    const others = refused.length > 1 ? ` (and ${refused.length - 1} more)` : ''
    const taken = fates.length - refused.length
    const rest = taken > 0 ? `; ${taken} others have it` : ''
    throw new ChannelError('recipient_refused', `refused for ${show(first.recipient)}${others}: ${first.why}${rest}`, { transient: false })
  }
}

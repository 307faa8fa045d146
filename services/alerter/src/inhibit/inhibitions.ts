import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import type { Muter } from '../mute/mute.ts'
import { InhibitionIndex } from './inhibition-index.ts'

/** Keeps what is only a consequence from people while its cause fires. */
export const inhibitions: CompanionKind = (view) => new Inhibitions(view)

class Inhibitions implements Companion {
  readonly muters: readonly Muter[] = [{ muteOf: (event) => this.#index.muteOf(event) }]
  readonly #view: ShardView
  #index: InhibitionIndex

  constructor(view: ShardView) {
    this.#view = view
    this.#index = new InhibitionIndex(view.config().inhibit)
  }

  /** Causes that fire are known before the first message is said, or a restart would let out what they mute. */
  async open(): Promise<void> {
    this.#fill()
    await Promise.resolve()
  }

  async told(event: AlertEvent): Promise<void> {
    if (this.#index.note(event)) await this.#view.desk.reconsider()
  }

  async reload(): Promise<void> {
    this.#index = new InhibitionIndex(this.#view.config().inhibit)
    this.#fill()
    await this.#view.desk.reconsider()
  }

  #fill(): void {
    for (const { life, record } of this.#view.book.all()) {
      if (life?.phase === 'firing' && record?.last != null) this.#index.note({ ...record.last.event, phase: 'firing' })
    }
  }
}

import type { Received } from '@nightshift/shared/events/parse'
import type { Companion, CompanionKind } from '../companion.ts'
import type { HostFigureBook } from './host-figures.ts'

/** Sees the metrics of hosts for their figures. */
export function hostFigures(book: HostFigureBook): CompanionKind {
  return () => new Watcher(book)
}

class Watcher implements Companion {
  readonly #book: HostFigureBook

  constructor(book: HostFigureBook) {
    this.#book = book
  }

  see(received: Received): readonly [] {
    if (received.kind !== 'metric' && received.kind !== 'change') return []
    const { host } = received.address
    if (host === null) return []
    if (received.kind === 'metric') this.#book.note(host, received.event)
    else if (received.event.what === 'forgotten') this.#book.forget(host)
    return []
  }
}

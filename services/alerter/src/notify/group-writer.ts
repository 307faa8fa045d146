import { isSpent, type Saying } from '../group/group-book.ts'
import type { GroupRecord } from '../group/group-record.ts'
import { Places } from '../places.ts'
import type { AlertStore } from '../state/alert-store.ts'
import type { Notification } from './notification.ts'

interface Parts {
  readonly store: AlertStore
  /** Number of the checkpoint that comes next. */
  readonly nextCheckpoint: () => number
  /** Puts a notification into the outbox. */
  readonly post: (notification: Notification) => Promise<void>
}

/** Groups that are stored at once. */
const maxAtOnce = 64

/**
 * Stores what groups say and then lets it go out: each group in its own order, none waiting for another. What a group only keeps in mind is
 * not stored when something newer of it waits already.
 */
export class GroupWriter {
  readonly #parts: Parts
  readonly #places = new Places(maxAtOnce)
  readonly #waiting = new Map<string, { readonly sayings: Saying[]; last: Promise<void> }>()
  /** Groups that are over; their records go when this checkpoint is reached. */
  readonly #spent = new Map<string, number>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Everything of it is stored, and in the outbox, when this resolves and nothing else is being written. */
  async write(sayings: readonly Saying[]): Promise<void> {
    await Promise.all(sayings.map((saying) => this.#add(saying)))
  }

  /** A group that was over before a restart. */
  noteSpent(id: string): void {
    this.#spent.set(id, this.#parts.nextCheckpoint())
  }

  /** A checkpoint was reached. */
  async release(checkpoint: number): Promise<void> {
    const over = [...this.#spent].filter(([, number]) => number <= checkpoint)
    await Promise.all(over.map(([id, number]) => this.#places.run(() => this.#forget(id, number))))
  }

  async #forget(id: string, checkpoint: number): Promise<void> {
    // Something came into it meanwhile.
    if (this.#spent.get(id) !== checkpoint) return
    this.#spent.delete(id)
    await this.#parts.store.forgetGroup(id)
  }

  async #add(saying: Saying): Promise<void> {
    const { id } = saying.group
    const queue = this.#waiting.get(id) ?? { sayings: [], last: Promise.resolve() }
    this.#waiting.set(id, queue)
    queue.sayings.push(saying)
    const written = queue.last.then(() => this.#places.run(() => this.#writeNext(queue.sayings)))
    const through = written.catch(() => undefined)
    queue.last = through
    try {
      await written
    } finally {
      if (queue.last === through) this.#waiting.delete(id)
    }
  }

  async #writeNext(sayings: Saying[]): Promise<void> {
    const saying = sayings.shift()
    if (saying === undefined || (saying.notifications.length === 0 && sayings.length > 0)) return
    const { store, nextCheckpoint, post } = this.#parts
    const { group, notifications } = saying
    if (isSpent(group)) this.#spent.set(group.id, nextCheckpoint())
    else this.#spent.delete(group.id)
    await store.saveGroup({ group, said: saidOf(notifications, nextCheckpoint()) })
    await Promise.all(notifications.map((notification) => post(notification)))
  }
}

/** The same for every channel, so it is kept once. */
function saidOf(notifications: readonly Notification[], checkpoint: number): GroupRecord['said'] {
  const [first] = notifications
  return first === undefined ? null : { message: first.message, channels: notifications.map(({ channel }) => channel), checkpoint }
}

import { Serial } from './serial.ts'

/** Messages whose changes are being stored and told at once; the next one waits. */
const maxUnderWay = 128

/**
 * Who may work when. Messages are decided one after the other, in order; what follows from them is stored and told beside the next ones.
 * Some work is done alone: after all that was begun before it, and before anything else begins.
 */
export class Turns {
  readonly #serial = new Serial()
  #underWay = 0
  /** Until what runs alone is over; undefined while nothing does. */
  #alone: Promise<void> | undefined
  readonly #waiting = new Set<() => void>()

  /** Whether something runs alone, or is about to. */
  get isTaken(): boolean {
    return this.#alone !== undefined
  }

  /** Between two messages. What earlier ones began may still go on. */
  run(task: () => Promise<void> | void): Promise<void> | void {
    return this.#serial.run(task)
  }

  /** Alone. */
  async exclusively(task: () => Promise<void>): Promise<void> {
    await this.#serial.run(async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#alone = promise
      try {
        await this.#until(() => this.#underWay === 0)
        await task()
      } finally {
        this.#alone = undefined
        resolve()
      }
    })
  }

  /** Beside messages and what they began, but not beside what runs alone. */
  async alongside(task: () => Promise<void>): Promise<void> {
    while (this.#alone !== undefined) await this.#alone
    await this.#count(task)
  }

  /** Begins what goes on beside the next messages; resolves when there is room for more. The task must not reject. */
  async begin(task: () => Promise<void>): Promise<void> {
    void this.#count(task)
    await this.#until(() => this.#underWay < maxUnderWay)
  }

  async #count(task: () => Promise<void>): Promise<void> {
    this.#underWay++
    try {
      await task()
    } finally {
      this.#underWay--
      for (const wake of this.#waiting) wake()
    }
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await promise
      this.#waiting.delete(resolve)
    }
  }
}

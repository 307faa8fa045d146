import type { HealthRecord } from './state/stored.ts'

type Check = Pick<HealthRecord, 'host' | 'check'>

/**
 * Which checks have a transition whose consequences are not stored and told yet. Only the last transition of a check is stored: were the next
 * one stored over it, a crash would leave nobody who knows what followed from the first.
 */
export class Transitions {
  readonly #underWay = new Map<string, Promise<void>>()

  /** Resolves when everything that followed from the last transition of this check is through. */
  async through(check: Check): Promise<void> {
    await this.#underWay.get(keyOf(check))
  }

  /** Carries out what follows from one. */
  async during(check: Check, work: () => Promise<void>): Promise<void> {
    const key = keyOf(check)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#underWay.set(key, promise)
    try {
      await work()
    } finally {
      this.#underWay.delete(key)
      resolve()
    }
  }
}

function keyOf({ host, check }: Check): string {
  return `${host ?? ''} ${check}`
}

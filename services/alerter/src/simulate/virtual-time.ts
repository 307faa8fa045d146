import type { Clock } from '@nightshift/shared/clock'
import { DueQueue } from '../group/due-queue.ts'

interface Timer {
  readonly run: () => void
  readonly waitMs: number
  readonly isRepeated: boolean
}

const real = { setTimeout, setInterval, clearTimeout, clearInterval }
let isInUse = false
const maxAtOnce = 1000

/**
 * A clock that is turned by hand, and with it every timer of this process: parts that wait in days are through in seconds, in the same order
 * each time. One at a time; nothing else may go on in the process meanwhile.
 */
export class VirtualTime implements Clock {
  #nowMs: number
  readonly #leastLookMs: number
  #ids = 0
  readonly #timers = new Map<string, Timer>()
  readonly #due = new DueQueue()

  /**
   * Takes the timers over, until `end`. What only looks around (it repeats, or nobody waits for it) does so at most once in `leastLookMs`:
   * days pass faster.
   */
  constructor(startMs: number, leastLookMs = 1) {
    if (isInUse) throw new Error('another simulation has the timers of this process')
    isInUse = true
    this.#nowMs = startMs
    this.#leastLookMs = leastLookMs
    const start =
      (isRepeated: boolean) =>
      (run: (...args: unknown[]) => void, waitMs?: number, ...args: unknown[]): VirtualTimer => {
        const leastMs = isRepeated ? leastLookMs : 1
        return new VirtualTimer(this, this.#start({ run: () => run(...args), waitMs: Math.max(leastMs, waitMs ?? 1), isRepeated }))
      }
    const clear = (timer?: unknown): void => {
      if (timer instanceof VirtualTimer) this.stop(timer.id)
    }
    Object.assign(globalThis, { setTimeout: start(false), setInterval: start(true), clearTimeout: clear, clearInterval: clear })
  }

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  /** Runs what is due until then, one moment after the other, each with everything that follows from it. */
  async advanceTo(toMs: number): Promise<void> {
    for (let dueMs = this.#due.firstMs; dueMs !== undefined && dueMs <= toMs; dueMs = this.#due.firstMs) {
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      for (const id of this.#due.take(dueMs, maxAtOnce).toSorted((a, b) => Number(a) - Number(b))) {
        const timer = this.#timers.get(id)
        if (timer === undefined) continue
        if (timer.isRepeated) this.#due.set(id, this.#nowMs + timer.waitMs)
        else this.#timers.delete(id)
        timer.run()
      }
      await settled()
    }
    this.#nowMs = Math.max(this.#nowMs, toMs)
  }

  stop(id: string): void {
    this.#timers.delete(id)
    this.#due.set(id, undefined)
  }

  /** Nobody waits for it. */
  relax(id: string): void {
    const timer = this.#timers.get(id)
    if (timer === undefined || timer.waitMs >= this.#leastLookMs) return
    this.#timers.set(id, { ...timer, waitMs: this.#leastLookMs })
    this.restart(id)
  }

  restart(id: string): void {
    const timer = this.#timers.get(id)
    if (timer !== undefined) this.#due.set(id, this.#nowMs + timer.waitMs)
  }

  /** Gives the timers of the process back. */
  end(): void {
    Object.assign(globalThis, real)
    isInUse = false
  }

  #start(timer: Timer): string {
    const id = String(++this.#ids)
    this.#timers.set(id, timer)
    this.#due.set(id, this.#nowMs + timer.waitMs)
    return id
  }
}

/** What `setTimeout` gives. */
class VirtualTimer {
  readonly id: string
  readonly #time: VirtualTime

  constructor(time: VirtualTime, id: string) {
    this.#time = time
    this.id = id
  }

  refresh(): this {
    this.#time.restart(this.id)
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    this.#time.relax(this.id)
    return this
  }

  [Symbol.dispose](): void {
    this.#time.stop(this.id)
  }
}

/** Resolves when nothing that was begun goes on: in a simulation everything is done within one turn of the event loop. */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

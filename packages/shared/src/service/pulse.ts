import type { Clock } from '../clock.ts'
import type { ServiceState } from './handle.ts'
import { heartbeatIntervalMs } from './heartbeat.ts'

const lookEveryMs = 2000

/** Decides when a heartbeat is due: every interval, and at once when the state changes. */
export class Pulse {
  #announced: ServiceState | undefined
  #lastMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  readonly #clock: Clock
  readonly #state: () => ServiceState
  readonly #send: (state: ServiceState, isPeriodic: boolean) => void

  constructor(clock: Clock, state: () => ServiceState, send: (state: ServiceState, isPeriodic: boolean) => void) {
    this.#clock = clock
    this.#state = state
    this.#send = send
  }

  /** Also looks by itself from time to time: a service does not report that its own state has changed. */
  start(): void {
    this.#timer = setInterval(() => this.look(), lookEveryMs)
    this.look()
  }

  look(): void {
    if (this.#timer === undefined) return
    // Half a look early, for timers are late: else a heartbeat would wait for the look after the next.
    const isDue = this.#clock.monotonicMs() - this.#lastMs >= heartbeatIntervalMs - lookEveryMs / 2
    if (isDue || this.#state() !== this.#announced) this.beat(isDue)
  }

  beat(isPeriodic = false): void {
    const state = this.#state()
    this.#announced = state
    if (isPeriodic) this.#lastMs = this.#clock.monotonicMs()
    this.#send(state, isPeriodic)
  }

  /** True when anybody was told that this instance is there. */
  stop(): boolean {
    clearInterval(this.#timer)
    this.#timer = undefined
    return this.#announced !== undefined
  }
}

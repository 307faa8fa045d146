import type { Bus, BusState } from '../bus/bus.ts'
import { describeError, type NightshiftError } from '../errors.ts'
import type { ServiceState } from './handle.ts'
import { redactText } from './redact.ts'
import type { RunningService } from './service.ts'

/** How things stand with one service: what it says itself, and what its bus says. */
export class Standing {
  failure: NightshiftError | undefined
  running: Pick<RunningService<never>, 'notReady' | 'isStandby'> | undefined
  stopping = false
  #wasConnected = false
  #busReady = false
  #wasReady = false
  #waiting = new AbortController()
  readonly #bus: Bus
  readonly #address: string
  readonly #onChange: () => void
  readonly #forget: () => void

  constructor(bus: Bus, servers: readonly string[], onChange: () => void) {
    this.#bus = bus
    this.#address = redactText(servers.join(', '))
    this.#onChange = onChange
    this.#forget = bus.onState((state) => this.#follow(state))
    this.#follow(bus.state)
  }

  get state(): ServiceState {
    if (this.stopping) return 'stopping'
    if (this.notReady().length > 0) return this.#wasReady ? 'degraded' : 'starting'
    this.#wasReady = true
    return this.running?.isStandby?.() === true ? 'standby' : 'ready'
  }

  notReady(): string[] {
    if (this.failure !== undefined) return [this.failure.message]
    if (this.stopping) return ['it is stopping']
    const own = this.running === undefined ? ['it is still starting'] : this.#ask(this.running)
    return [...this.#busReasons(), ...own]
  }

  close(): void {
    this.#forget()
    this.#waiting.abort()
  }

  #busReasons(): string[] {
    if (this.#bus.state !== 'connected') {
      return [this.#wasConnected ? `the connection to ${this.#address} is lost; reconnecting` : `not connected to ${this.#address} yet`]
    }
    return this.#busReady ? [] : [`${this.#address} lacks streams or buckets that are needed; \`nightshift bootstrap\` makes them`]
  }

  #ask(running: NonNullable<Standing['running']>): string[] {
    try {
      return running.notReady()
    } catch (error) {
      return [`it cannot say how it stands: ${describeError(error)}`]
    }
  }

  /** Streams may be gone after a broker restart, so each connection has to become ready anew. */
  #follow(state: BusState): void {
    this.#waiting.abort()
    this.#waiting = new AbortController()
    this.#busReady = false
    if (state === 'connected') {
      this.#wasConnected = true
      const { signal } = this.#waiting
      this.#bus.ready(signal).then(
        () => {
          if (signal.aborted) return
          this.#busReady = true
          this.#onChange()
        },
        () => undefined,
      )
    }
    this.#onChange()
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bus } from '../bus/bus.ts'
import type { NightshiftError } from '../errors.ts'
import type { ServiceName } from '../subjects.ts'

/**
 * `starting` until it was ready once, then `ready` or `degraded`; `standby` while another replica does the work; `stopping` to the end.
 */
export type ServiceState = 'starting' | 'ready' | 'degraded' | 'standby' | 'stopping'

/** A started service with its bus, as `up`, `run` and the probes see it. */
export interface ServiceHandle<C = unknown> {
  readonly name: ServiceName
  readonly host: string
  /** Unique to this run. */
  readonly instance: string
  readonly state: ServiceState
  /** What broke it for good; it then stops by itself. Liveness fails from then on, and only then. */
  readonly failure: NightshiftError | undefined
  readonly bus: Bus
  /** Resolves when it has stopped: with the failure when it stopped by itself, else with undefined. Never rejects. */
  readonly stopped: Promise<NightshiftError | undefined>
  /** Why it is not ready, in words a person can act on; empty when it is. */
  notReady(): string[]
  /** Its own cost and counters, as Prometheus text. */
  metricsText(): string
  /** Takes a changed configuration; rejects and keeps the old one when the service refuses it. One at a time. */
  reload(config: C): Promise<void>
  /** Stops everything in order and within the deadline; what hangs is left behind and logged. Never rejects; again is the same stop. */
  stop(deadlineMs?: number): Promise<void>
  /** Pages and API of the service; false when the path is not its own. */
  handleHttp(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

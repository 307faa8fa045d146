import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import type { BaseConfig } from '../config/base.ts'
import type { ServiceName } from '../subjects.ts'

/** What a service is given. Clock, bus and folders come in as arguments, so a test can hand over its own. */
export interface ServiceContext<C> {
  readonly name: ServiceName
  /** Plain, lower-cased host name. */
  readonly host: string
  /** Unique to this run of the process. */
  readonly instance: string
  readonly version: string
  /** `service@host` */
  readonly source: string
  readonly clock: Clock
  readonly log: Logger
  readonly bus: Bus
  /** A folder that is only this service's. */
  readonly stateDir: string
  readonly base: BaseConfig
  readonly config: C
}

/** One number of a service about itself, for the heartbeat (`self`) and for /metrics as `nightshift_<service>_<name>`. */
export type SelfMetrics = Record<string, number | null>

/** A service that has been started. */
export interface RunningService<C> {
  /** Why it is not ready, in words a person can act on; empty when it is. */
  notReady(): string[]
  /** True while another replica does the work. */
  isStandby?(): boolean
  self(): SelfMetrics
  /** Per job: when its next event is due at the latest, ISO time; goes with the heartbeat. */
  nextDue?(): Readonly<Record<string, string>>
  /** Takes a changed configuration without losing timers or state. Throws to keep the old one. */
  reload(config: C): Promise<void>
  /** Stops taking in, finishes what is at hand, persists. The bus is closed afterwards by the lifecycle. */
  stop(): Promise<void>
  /** Pages and API of the service; answers false when the path is not its own. */
  handleHttp?(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

/** A service before it is started. Registered in packages/cli/src/services.ts. */
export interface ServiceDefinition<C> {
  readonly name: ServiceName
  /** HTTP port when it runs alone. */
  readonly port: number
  readonly description: string
  start(context: ServiceContext<C>): Promise<RunningService<C>>
}

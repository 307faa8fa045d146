import type { Clock } from '@nightshift/shared/clock'
import type { Bus } from '@nightshift/shared/bus/bus'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { Run } from '../checks/runs/check-runner.ts'
import type { CollectorConfig } from '../config.ts'
import type { Origin } from '../envelope.ts'
import type { Log } from '../log.ts'
import type { HostPaths } from '../procfs/host-paths.ts'
import type { Reading } from '../sources/source.ts'

/** What a room of the collector is given. */
export interface RoomContext {
  readonly host: HostPaths
  readonly origin: Origin
  readonly clock: Clock
  readonly log: Log
  readonly bus: Bus
  /** The collector's own folder; a room keeps its files in a folder or under a name of its own in it. */
  readonly stateDir: string
  /** Sends one look at a group, in parts when it is large. May be lost. */
  publishMetrics(group: string, reading: Reading, epochMs: number, intervalSeconds: number | null): void
  /** Takes what a room found as a run of the check of this name: the result goes on the bus, and a transition when its state changed. */
  reportCheck(check: string, kind: string, run: Run): void
  /** Calls the listener with every metric message of this collector, as it goes on the bus. Gives what ends it. */
  onMetric(listener: (event: MetricEvent) => void): () => void
}

/** A part of the collector beside groups and checks, such as the logs: it is there only while the config asks for it. */
export interface Room {
  /** Makes what runs that of the config, keeping what did not change. Called at the start and on each reload. */
  apply(config: CollectorConfig): Promise<void>
  /** Checks that the room reports. One that is not among them after a reload is announced as removed. */
  checkNames?(): readonly string[]
  self(): SelfMetrics
  stop(): Promise<void>
}

export interface RoomDefinition {
  readonly name: string
  isAskedFor(config: CollectorConfig): boolean
  /** Loads the room's code, so that a collector that does not need it does not carry it. */
  open(context: RoomContext): Promise<Room>
}

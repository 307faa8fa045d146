import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import type { JobConfig } from '../config/job-config.ts'
import type { Destinations } from '../local/destinations.ts'
import type { RunProgress } from './progress.ts'
import type { Room } from './room.ts'

/** How long a run waits for others that lock the repository. */
export const lockWaitMs = 600_000

export interface RunParts {
  readonly job: string
  readonly config: JobConfig
  readonly run: string
  /** What people call it. */
  readonly name: string
  readonly host: string
  readonly username: string
  readonly version: string
  readonly timezone: string
  readonly destinations: Destinations
  readonly workers: number | undefined
  /** For temporary copies; it exists. */
  readonly workDir: string
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly nats?: NatsConnection | undefined
  /** A person said that the data did shrink. */
  readonly acceptSmaller?: boolean
  /** How long the run waits for others that lock a repository; the default is ten minutes. */
  readonly lockWaitMs?: number | undefined
  onProgress(progress: RunProgress): void
}

/** What became of a run at one destination. */
export interface DestinationOutcome extends Room {
  readonly name: string
  readonly snapshot: string | null
  readonly error: string | null
  /** Snapshots that were forgotten there. */
  readonly forgotten: number
}

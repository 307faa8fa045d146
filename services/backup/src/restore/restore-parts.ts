import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import type { BackupConfig } from '../config.ts'
import type { RunProgress } from '../jobs/progress.ts'
import type { Destinations } from '../local/destinations.ts'

/** What every restore works with. */
export interface RestoreParts {
  readonly config: BackupConfig
  readonly destinations: Destinations
  /** Of whose snapshots. */
  readonly host: string
  readonly username: string
  readonly version: string
  readonly timezone: string
  readonly clock: Clock
  readonly log: Logger
  /** For dumps and copies; it exists. */
  readonly workDir: string
  /** Where restores that are not over are written down. */
  readonly journalDir: string
  readonly signal: AbortSignal
  readonly nats?: NatsConnection | undefined
  readonly onProgress: (progress: RunProgress) => void
  /** Keeps the healer still; gives back how to end that. */
  readonly hold?: (() => Promise<(() => Promise<void>) | undefined>) | undefined
  /** Shows the rows that are about to be copied; false: they are not. */
  readonly confirmRows?: ((text: string) => Promise<boolean>) | undefined
}

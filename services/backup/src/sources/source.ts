import type { Readable } from 'node:stream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import type { SourceConfig, SourceKind } from '../config/source-config.ts'
import type { ChunkPolicy } from '../repository/chunker/chunk-policy.ts'

export type { SourceConfig, SourceKind }

/** What was counted at backup, for drills: `{ 'rows.shop.public.users': 1234, 'size_bytes./postgres/shop/database.dump': 8192 }`. */
export type Facts = Record<string, number | string>

/** What a source needs from the run that opens it. */
export interface SourceContext {
  readonly job: string
  /** Temporary copies go into folders of their own below it; it must exist. */
  readonly workDir: string
  readonly clock: Clock
  readonly log: Logger
  /** Aborted when the run is stopped or out of time: children are ended. */
  readonly signal: AbortSignal
  /** Connection of the service, for `kind: nats` without an address of its own. */
  readonly nats?: NatsConnection | undefined
  /** Facts in the manifest of the job's last snapshot: what a dump may not suddenly fall short of. */
  readonly previousFacts?: Facts | undefined
  /** A person said that the data did shrink: `shrink_ratio` is not applied this once. */
  readonly acceptSmaller?: boolean
}

/** A kind of thing that can be backed up, with its configuration. */
export interface Source {
  readonly kind: SourceKind
  open(context: SourceContext): Promise<Material>
}

/** What a run has to read. */
export interface Material {
  /** Of the snapshot, absolute: `['/srv/models']`, `['/postgres/shop']`. */
  readonly paths: readonly string[]
  readonly folders: readonly FolderMaterial[]
  readonly streams: readonly StreamMaterial[]
  /** After all was read: throws EffectError (`dump_failed`, `dump_too_small`, …), and then there is no snapshot; else what was counted. */
  finish(): Promise<Facts>
  /** Always called: temporary copies are removed, children ended. */
  close(): Promise<void>
}

/** A real folder or file that the archive walks. */
export interface FolderMaterial {
  readonly path: string
  /** Patterns as in .gitignore, relative to `path`. */
  readonly exclude: readonly string[]
  readonly oneFileSystem: boolean
  /** Larger files are left out. */
  readonly excludeLargerThanBytes?: number | undefined
  /** Of a folder with a valid CACHEDIR.TAG only that file is kept. */
  readonly excludeCaches?: boolean
  /**
   * Files whose content is read from elsewhere: consistent copies of databases, by absolute path. Their times say nothing about their
   * content (a database in WAL mode changes without them), so such a file is always read.
   */
  readonly replace: ReadonlyMap<string, string>
  chunkPolicyOf?(path: string, sizeBytes: number): ChunkPolicy
}

/** A virtual file: a dump. */
export interface StreamMaterial {
  readonly path: string
  readonly modifiedMs: number
  /** The stream ends only after all of the dump is known to be whole; else it is destroyed with the error. */
  open(signal: AbortSignal): Promise<Readable>
  readonly policy: ChunkPolicy
}

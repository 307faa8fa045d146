import type { ConnectionConfig, SourceKind } from '../config/source-config.ts'
import type { SourceContext, Facts } from './source.ts'

export type LoaderContext = Pick<SourceContext, 'workDir' | 'log' | 'signal' | 'nats'>

/** Where dump files are loaded into. */
export interface LoadTarget {
  /** The server; the default is the one that the source names. */
  readonly connection?: ConnectionConfig | undefined
  /** Files (SQLite) are put into this folder; the default is beside the live ones. */
  readonly folder?: string | undefined
  /** Appended to the names of databases, streams and files: `_restored_20251021_0000`. Empty only for a scratch server, which has none yet. */
  readonly suffix: string
}

export interface LoadOptions {
  /** Databases, streams or files to load; the default is all that are in the folder. */
  readonly only?: readonly string[] | undefined
  /** Only these tables: `schema.table` in PostgreSQL, else `table`; patterns of keys in Redis. */
  readonly tables?: readonly string[] | undefined
}

/** One database (stream, file) that was loaded beside the live one. */
export interface LoadedItem {
  readonly name: string
  readonly loadedAs: string
}

export interface Loaded {
  readonly target: LoadTarget
  readonly items: readonly LoadedItem[]
  /** Only some tables hold data: it cannot take the place of what is live, but its rows can be copied there. */
  readonly isPartial: boolean
}

export interface CopyRows {
  /** Of one of the loaded databases; the default is the only one. */
  readonly database?: string | undefined
  readonly table: string
  /** SQL condition; absent: all rows. */
  readonly where?: string | undefined
  /** Rows that are there already are replaced; otherwise they are left as they are. */
  readonly replace: boolean
}

/** Live and loaded have changed places. */
export interface Swap {
  /** What is kept of the state before, by the name it has now. */
  readonly kept: readonly string[]
  /** Changes them back. */
  undo(): Promise<void>
}

/** A server (or folder) of its own for a drill: load into `target`, then count and ask. */
export interface Scratch {
  readonly target: LoadTarget
  /** The facts that the source counts at backup, under the same names. */
  count(): Promise<Facts>
  /** First column of the rows of a statement, at most 1000. The database is needed only where there are several. */
  query(sql: string, database?: string): Promise<unknown[]>
  stop(): Promise<void>
}

/** Brings back what a source has dumped. `folder` holds the restored files under the paths they have in the snapshot. */
export interface Loader {
  readonly kind: SourceKind
  /** Loads beside what is live; what was half loaded is removed when it fails. */
  load(folder: string, target: LoadTarget, options: LoadOptions): Promise<Loaded>
  /** Puts what was loaded in the place of what is live. The state before is kept under another name. */
  swap(loaded: Loaded): Promise<Swap>
  /** Undoes a swap whose process may have ended in the middle, however far it came; what is seen at the server says how far. */
  revert(loaded: Loaded): Promise<void>
  /** Copies rows of a loaded table into the live one; returns how many. */
  copyRows?(loaded: Loaded, rows: CopyRows): Promise<number>
  /** The facts of what was loaded, under the names of what it is a copy of: a drill where no scratch server can be started. */
  count(loaded: Loaded): Promise<Facts>
  /** First column of the rows of a statement in one of the loaded databases, at most 1000. */
  query(loaded: Loaded, sql: string, database?: string): Promise<unknown[]>
  /** Removes what was loaded or is kept. Refuses names that do not end in the suffix of the target: those are live. */
  drop(target: LoadTarget, names: readonly string[]): Promise<void>
  /** Throws EffectError `no_scratch` with the reason when none can be started here. */
  scratch(): Promise<Scratch>
}

import { ConfigError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import type { Repository } from '../repository/repository.ts'
import { decodeSnapshot, encodeSnapshot, type Snapshot, type SnapshotDraft } from './snapshot-document.ts'
import { tagValue } from './tags.ts'

export type { Snapshot, SnapshotDraft } from './snapshot-document.ts'

export interface SnapshotFilter {
  readonly hostname?: string
  /** All of these, in any order. */
  readonly paths?: readonly string[]
  /** Snapshots with every one of these. */
  readonly tags?: readonly string[]
  readonly job?: string
}

/** How many small files are asked for at once: enough to hide the way to a store that is far. */
const parallelReads = 8

/** Oldest first, newest last. A snapshot that cannot be read is an error, as one that is silently left out would be lost in the next prune. */
export async function listSnapshots(repository: Repository, filter: SnapshotFilter = {}, signal?: AbortSignal): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = []
  for await (const { snapshot, error } of readSnapshots(repository, signal)) {
    if (error !== undefined) throw error
    if (snapshot !== undefined && matches(snapshot, filter)) snapshots.push(snapshot)
  }
  return snapshots.toSorted((one, other) => one.timeMs - other.timeMs || (one.id < other.id ? -1 : 1))
}

export interface ReadSnapshot {
  readonly id: string
  readonly snapshot?: Snapshot
  readonly error?: NightshiftError
}

/** Every snapshot file there is, with the error of those that cannot be read. One that goes away meanwhile is left out. */
export async function* readSnapshots(repository: Repository, signal?: AbortSignal): AsyncGenerator<ReadSnapshot> {
  const ids: string[] = []
  for await (const { id } of repository.store.list('snapshot', signal)) ids.push(id)
  for (let start = 0; start < ids.length; start += parallelReads) {
    const batch = ids.slice(start, start + parallelReads).map(async (id) => readOne(repository, id, signal))
    for (const read of await Promise.all(batch)) if (read !== undefined) yield read
  }
}

async function readOne(repository: Repository, id: string, signal: AbortSignal | undefined): Promise<ReadSnapshot | undefined> {
  try {
    return { id, snapshot: decodeSnapshot(id, await repository.readJson('snapshot', id, signal)) }
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof NightshiftError)) throw error
    if (error.code === 'store_missing_file') return undefined
    const unreadable = new EffectError(
      'snapshot_unreadable',
      `${repository.store.description}: the snapshot ${id} cannot be read; run nightshift backup check`,
      { cause: error, transient: error.transient },
    )
    return { id, error: unreadable }
  }
}

export interface LoadOptions {
  /** Which snapshots count for `latest` and for a prefix. */
  readonly filter?: SnapshotFilter
  readonly signal?: AbortSignal
}

/** By its id, a prefix of it that is unique, or `latest`; the id that it had before its tags were changed finds it too. */
export async function loadSnapshot(repository: Repository, wanted: string, options: LoadOptions = {}): Promise<Snapshot> {
  const snapshots = await listSnapshots(repository, options.filter, options.signal)
  const latest = snapshots.at(-1)
  const where = repository.store.description
  if (latest === undefined) throw new ConfigError('snapshot_unknown', `${where} has no such snapshot yet; run the backup first`)
  if (wanted === 'latest') return latest
  const byId = snapshots.filter((snapshot) => snapshot.id.startsWith(wanted))
  const found = byId.length > 0 ? byId : snapshots.filter((snapshot) => snapshot.original?.startsWith(wanted) === true)
  const [first, ...others] = found
  if (first === undefined || wanted === '') {
    throw new ConfigError('snapshot_unknown', `${where} has no snapshot ${wanted}; nightshift backup list shows those there are`)
  }
  if (others.length > 0) {
    const ids = found.slice(0, 5).map((snapshot) => snapshot.id.slice(0, 16))
    throw new ConfigError(
      'snapshot_ambiguous',
      `${wanted} begins the ids of ${found.length} snapshots (${ids.join(', ')}); write more of the id`,
    )
  }
  return first
}

/** Writes the snapshot. Everything it names must be durable before: a snapshot is what makes a backup count. */
export async function saveSnapshot(repository: Repository, draft: SnapshotDraft, signal?: AbortSignal): Promise<Snapshot> {
  const document = encodeSnapshot(draft)
  const id = await repository.writeJson('snapshot', document, signal)
  return { ...decodeSnapshot(id, document), id }
}

/**
 * Writes the snapshot anew with other tags, then removes the old file. Its id changes; `original` keeps the first one. Hold a shared lock: a
 * prune that lists the snapshots between the two would see neither.
 */
export async function changeTags(
  repository: Repository,
  snapshot: Snapshot,
  tags: readonly string[],
  signal?: AbortSignal,
): Promise<Snapshot> {
  const document: Record<string, unknown> = { ...snapshot.document, original: snapshot.original ?? snapshot.id, tags }
  if (tags.length === 0) delete document['tags']
  const id = await repository.writeJson('snapshot', document, signal)
  if (id !== snapshot.id) await repository.store.remove({ type: 'snapshot', id: snapshot.id }, signal)
  return decodeSnapshot(id, document)
}

export function matches(snapshot: Snapshot, filter: SnapshotFilter): boolean {
  if (filter.hostname !== undefined && snapshot.hostname !== filter.hostname) return false
  if (filter.job !== undefined && tagValue(snapshot, 'job') !== filter.job) return false
  if (filter.paths !== undefined && !samePaths(snapshot.paths, filter.paths)) return false
  return (filter.tags ?? []).every((tag) => snapshot.tags.includes(tag))
}

function samePaths(one: readonly string[], other: readonly string[]): boolean {
  const paths = new Set(one)
  return paths.size === new Set(other).size && other.every((path) => paths.has(path))
}

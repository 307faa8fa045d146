import { ContractError } from '@nightshift/shared/errors'
import type { BlobId } from '../repository/blob.ts'
import { parseTimeNs } from './go-time.ts'
import { decodeSummary, encodeSummary, type SnapshotSummary } from './summary.ts'

export interface SnapshotDraft {
  readonly timeMs: number
  readonly tree: BlobId
  /** Absolute. */
  readonly paths: readonly string[]
  readonly hostname: string
  readonly username: string
  readonly tags: readonly string[]
  readonly uid?: number
  readonly gid?: number
  readonly excludes?: readonly string[]
  /** The snapshot that unchanged files were taken from. */
  readonly parent?: string
  /** The snapshot that this one is another writing of: with other tags, in another repository, or repaired. */
  readonly original?: string
  readonly summary?: SnapshotSummary
}

export interface Snapshot extends SnapshotDraft {
  readonly id: string
  /** As it was read. Fields that we do not know stay when it is written anew. */
  readonly document: Readonly<Record<string, unknown>>
}

const programVersion = 'nightshift'

export function encodeSnapshot(draft: SnapshotDraft): Record<string, unknown> {
  return {
    time: new Date(draft.timeMs).toISOString(),
    ...(draft.parent !== undefined && { parent: draft.parent }),
    tree: draft.tree,
    paths: draft.paths,
    hostname: draft.hostname,
    username: draft.username,
    ...(draft.uid !== undefined && { uid: draft.uid }),
    ...(draft.gid !== undefined && { gid: draft.gid }),
    ...(draft.excludes !== undefined && draft.excludes.length > 0 && { excludes: draft.excludes }),
    ...(draft.tags.length > 0 && { tags: draft.tags }),
    ...(draft.original !== undefined && { original: draft.original }),
    program_version: programVersion,
    ...(draft.summary !== undefined && { summary: encodeSummary(draft.summary) }),
  }
}

const idPattern = /^[0-9a-f]{64}$/

/** Throws ContractError `snapshot_damaged` for what is no snapshot. */
export function decodeSnapshot(id: string, value: unknown): Snapshot {
  const document = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const timeNs = parseTimeNs(String(document['time']))
  const tree = document['tree']
  if (timeNs === undefined || typeof tree !== 'string' || !idPattern.test(tree)) {
    throw new ContractError('snapshot_damaged', `the snapshot ${id} has no ${timeNs === undefined ? 'time' : 'tree'}`)
  }
  const summary = decodeSummary(document['summary'])
  return {
    id,
    timeMs: Number(timeNs / 1_000_000n),
    tree,
    paths: textsOf(document['paths']),
    hostname: textOf(document['hostname']) ?? '',
    username: textOf(document['username']) ?? '',
    tags: textsOf(document['tags']),
    excludes: textsOf(document['excludes']),
    ...numberField(document, 'uid'),
    ...numberField(document, 'gid'),
    ...idField(document, 'parent'),
    ...idField(document, 'original'),
    ...(summary !== undefined && { summary }),
    document,
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : []
}

function numberField<Name extends 'uid' | 'gid'>(document: Record<string, unknown>, name: Name): { [Key in Name]?: number } {
  const value = document[name]
  return typeof value === 'number' ? ({ [name]: value } as { [Key in Name]: number }) : {}
}

function idField<Name extends 'parent' | 'original'>(document: Record<string, unknown>, name: Name): { [Key in Name]?: string } {
  const value = document[name]
  return typeof value === 'string' && idPattern.test(value) ? ({ [name]: value } as { [Key in Name]: string }) : {}
}

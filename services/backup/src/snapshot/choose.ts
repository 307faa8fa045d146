import { matches, type Snapshot, type SnapshotFilter } from './snapshot.ts'

export interface Nearest {
  readonly snapshot: Snapshot
  /** How much older than the time asked for it is. */
  readonly olderByMs: number
}

/** The newest snapshot that is not after `atMs`: a later one would bring back what was not there yet. Undefined when all are later. */
export function nearestBefore(snapshots: readonly Snapshot[], atMs: number): Nearest | undefined {
  const snapshot = newest(snapshots.filter(({ timeMs }) => timeMs <= atMs))
  return snapshot === undefined ? undefined : { snapshot, olderByMs: atMs - snapshot.timeMs }
}

/** The snapshot whose unchanged files need not be read again: of the same host, paths and job, the newest that is not after the new one. */
export function chooseParent(
  snapshots: readonly Snapshot[],
  wanted: Required<Pick<SnapshotFilter, 'hostname' | 'paths'>> & Pick<SnapshotFilter, 'job'>,
  nowMs: number,
): Snapshot | undefined {
  return newest(snapshots.filter((snapshot) => snapshot.timeMs <= nowMs && matches(snapshot, wanted)))
}

function newest(snapshots: readonly Snapshot[]): Snapshot | undefined {
  return snapshots.reduce<Snapshot | undefined>(
    (best, snapshot) => (best === undefined || snapshot.timeMs >= best.timeMs ? snapshot : best),
    undefined,
  )
}

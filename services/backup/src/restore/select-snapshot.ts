import { isoTime } from '@nightshift/shared/clock'
import { ConfigError, NightshiftError } from '@nightshift/shared/errors'
import type { Destinations, OpenDestination } from '../local/destinations.ts'
import { nearestBefore } from '../snapshot/choose.ts'
import { listSnapshots, loadSnapshot, type Snapshot } from '../snapshot/snapshot.ts'
import { tagValue } from '../snapshot/tags.ts'

interface Wanted {
  readonly job: string
  readonly host: string
  readonly atMs: number | null
  /** Of those that count the one that is nearest to this moment, before or after it; null: the newest. */
  readonly nearMs: number | null
  readonly snapshot: string | null
  readonly from: string | null
}

export interface Selected {
  readonly job: string
  readonly destination: string
  readonly snapshot: Snapshot
  /** How much older than the time asked for it is; null when no time was. */
  readonly offMs: number | null
}

/**
 * The snapshot that is meant, in the first destination of the job that has it: of a time the nearest before it, a later one would bring back
 * what was not there yet. The destination stays open until `opened` closes it.
 */
export async function selectSnapshot(destinations: Destinations, wanted: Wanted, opened: OpenedDestinations): Promise<Selected> {
  const names = wanted.from === null ? destinations.namesOf(wanted.job) : [wanted.from]
  let failure: { error: unknown } | undefined
  for (const name of names) {
    try {
      const { repository } = await opened.open(name)
      const filter = { hostname: wanted.host, job: wanted.job }
      if (wanted.snapshot !== null && wanted.snapshot !== 'latest') {
        const snapshot = await loadSnapshot(repository, wanted.snapshot, { signal: opened.signal })
        refuseOther(snapshot, wanted.job)
        return { job: wanted.job, destination: name, snapshot, offMs: null }
      }
      const snapshots = await listSnapshots(repository, filter, opened.signal)
      const found = choose(snapshots, wanted, repository.store.description)
      return { job: wanted.job, destination: name, ...found }
    } catch (error) {
      opened.signal.throwIfAborted()
      // What one destination does not have, or cannot give now, another one may.
      if (!(error instanceof NightshiftError)) throw error
      failure ??= { error }
    }
  }
  throw failure?.error ?? new ConfigError('no_destinations', `${wanted.job} has no destination`)
}

function choose(snapshots: readonly Snapshot[], { job, host, atMs, nearMs }: Wanted, where: string): Pick<Selected, 'snapshot' | 'offMs'> {
  const newest = snapshots.at(-1)
  if (newest === undefined)
    throw new ConfigError('snapshot_unknown', `${where} has no snapshot of ${job} of ${host}; nightshift backup list shows those there are`)
  const nearest = nearestBefore(snapshots, atMs ?? newest.timeMs)
  if (nearest !== undefined) {
    const far = ({ timeMs }: Snapshot): number => Math.abs(timeMs - (nearMs ?? nearest.snapshot.timeMs))
    const snapshot = snapshots
      .filter(({ timeMs }) => timeMs <= nearest.snapshot.timeMs)
      .reduce((best, each) => (far(each) < far(best) ? each : best), nearest.snapshot)
    return { snapshot, offMs: atMs === null ? null : atMs - snapshot.timeMs }
  }
  if (atMs === null) return { snapshot: newest, offMs: null }
  const oldest = isoTime(snapshots[0]?.timeMs ?? newest.timeMs)
  throw new ConfigError('nothing_before', `there is nothing of ${job} from before ${isoTime(atMs)}; its oldest snapshot is of ${oldest}`)
}

function refuseOther(snapshot: Snapshot, job: string): void {
  const owner = tagValue(snapshot, 'job') ?? tagValue(snapshot, 'safety')
  if (owner !== undefined && owner !== job)
    throw new ConfigError('snapshot_of_other_job', `the snapshot ${snapshot.id.slice(0, 8)} is of ${owner}, not of ${job}`)
}

/** Destinations that are opened once, with their index, however many jobs need them. */
export class OpenedDestinations {
  readonly signal: AbortSignal
  readonly #destinations: Destinations
  readonly #open = new Map<string, OpenDestination>()

  constructor(destinations: Destinations, signal: AbortSignal) {
    this.#destinations = destinations
    this.signal = signal
  }

  async open(name: string): Promise<OpenDestination> {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const open = await this.#destinations.open(name, this.signal)
    try {
      await open.repository.loadIndex(this.signal)
    } catch (error) {
      await open.close()
      throw error
    }
    this.#open.set(name, open)
    return open
  }

  async close(): Promise<void> {
    for (const open of this.#open.values()) await open.close()
    this.#open.clear()
  }
}

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { describeError, EffectError } from '@nightshift/shared/errors'
import type { JobConfig } from '../config/job-config.ts'
import { readManifest } from '../jobs/manifest.ts'
import type { RunProgress } from '../jobs/progress.ts'
import { lockWaitMs } from '../jobs/run-parts.ts'
import type { Destinations } from '../local/destinations.ts'
import { acquireLock } from '../lock/repository-lock.ts'
import type { Repository } from '../repository/repository.ts'
import { restoreTree } from '../restore/tree/restore-tree.ts'
import { changeTags, loadSnapshot, type Snapshot } from '../snapshot/snapshot.ts'
import { withTag } from '../snapshot/tags.ts'
import { assertSound } from '../sources/sqlite/facts.ts'
import { compareTree, type Compared } from './compare-tree.ts'
import { loadAndCompare } from './drill-databases.ts'
import { needRoom } from './scratch-room.ts'

interface DrillParts {
  readonly job: string
  readonly config: JobConfig
  readonly host: string
  readonly username: string
  readonly destinations: Destinations
  readonly destination: string
  /** An id or a prefix of one; the default is the newest of the job. */
  readonly snapshot?: string | undefined
  /** A folder of its own is made in it and removed again. */
  readonly scratchDir: string
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly nats?: NatsConnection | undefined
  onProgress(progress: RunProgress): void
}

export interface DrillOutcome {
  readonly destination: string
  /** As it is now: its id changes when it is tagged as verified. */
  readonly snapshot: Snapshot
  /** The id that it had before. */
  readonly drilledId: string
  /** Files, folders, tables and queries that were compared. */
  readonly items: number
  readonly files: number
  readonly bytes: number
  /** From the decision to restore until the data was there to be used: what the RTO is measured by. */
  readonly restoreSeconds: number
  readonly durationMs: number
  /** How old what was restored was. */
  readonly ageSeconds: number
  /** What is not as it was; none means that the snapshot is proven. */
  readonly findings: readonly string[]
}

const maxFindings = 100
const idle = { doneBytes: null, totalBytes: null, doneItems: null, totalItems: null }

/**
 * V2: restores the newest snapshot of a job into a scratch place, compares every byte with the snapshot, loads dumps into a scratch server and
 * compares what is counted there with what was counted at the backup. What is well is tagged `verified=<time>`. Throws when it could not be
 * carried out; what differs is in the outcome.
 */
export async function performDrill(parts: DrillParts): Promise<DrillOutcome> {
  const { clock, config, job } = parts
  const timeout = AbortSignal.timeout(config.drill.timeout)
  const signal = AbortSignal.any([parts.signal, timeout])
  const startedMs = clock.monotonicMs()
  const scratch = join(parts.scratchDir, job)
  try {
    const open = await parts.destinations.open(parts.destination, signal)
    try {
      return await drillFrom(open.repository, { ...parts, signal }, scratch, startedMs)
    } finally {
      await open.close()
    }
  } catch (error) {
    if (!timeout.aborted || parts.signal.aborted) throw error
    const message = `the drill of ${job} took longer than ${formatDuration(config.drill.timeout)} and was ended; raise drill.timeout`
    throw new EffectError('drill_timeout', message, { cause: error })
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function drillFrom(repository: Repository, parts: DrillParts, scratch: string, startedMs: number): Promise<DrillOutcome> {
  const { clock, host, job, username } = parts
  const lock = await acquireLock(repository, {
    exclusive: false,
    hostname: host,
    username,
    clock,
    signal: parts.signal,
    waitMs: lockWaitMs,
  })
  try {
    const signal = AbortSignal.any([parts.signal, lock.signal])
    await repository.loadIndex(signal)
    const snapshot = await loadSnapshot(repository, parts.snapshot ?? 'latest', { filter: { hostname: host, job }, signal })
    const drilled = await restoreAndCompare(repository, snapshot, { ...parts, signal }, scratch, startedMs)
    const isProven = drilled.findings.length === 0
    return {
      destination: parts.destination,
      snapshot: isProven ? await markVerified(repository, snapshot, parts) : snapshot,
      drilledId: snapshot.id,
      durationMs: clock.monotonicMs() - startedMs,
      ageSeconds: Math.max(0, clock.now() - snapshot.timeMs) / 1000,
      ...drilled,
    }
  } finally {
    await lock.release()
  }
}

type Drilled = Pick<DrillOutcome, 'items' | 'files' | 'bytes' | 'restoreSeconds' | 'findings'>

async function restoreAndCompare(
  repository: Repository,
  snapshot: Snapshot,
  parts: DrillParts,
  scratch: string,
  startedMs: number,
): Promise<Drilled> {
  const { clock, config, signal } = parts
  const manifest = await readManifest(repository, snapshot, signal)
  await rm(scratch, { recursive: true, force: true, maxRetries: 3 })
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  await needRoom(scratch, snapshot, config)
  const files = join(scratch, 'files')
  const restored = await restoreTree(repository, snapshot, {
    to: files,
    signal,
    onProgress: ({ currentPath, ...progress }) => parts.onProgress({ ...progress, step: `restoring ${currentPath}` }),
  })
  const restoredMs = clock.monotonicMs() - startedMs
  parts.onProgress({ ...idle, step: 'comparing files' })
  const compared = await compareTree(repository, snapshot.tree, files, { signal, owners: process.geteuid?.() === 0 })
  const facts = manifest?.facts ?? {}
  parts.onProgress({ ...idle, step: 'loading' })
  const loaded = await loadAndCompare(config, { files, facts, workDir: scratch, log: parts.log, signal, nats: parts.nats, clock })
  const sound = damagedDatabases(files, compared, facts)
  const findings = [
    ...compared.differences.map(({ path, what }) => `${path} ${what}${reasonFor(`${files}${path}`, restored.problems)}`),
    ...sound,
    ...loaded.findings,
  ]
  const items = compared.items + loaded.items
  if (items === 0) findings.push('nothing was restored, so nothing is proven')
  if (compared.differenceCount > compared.differences.length) findings.push(`and ${compared.differenceCount} files in all differ`)
  return {
    items,
    files: compared.files,
    bytes: compared.bytes,
    restoreSeconds: (restoredMs + loaded.loadMs) / 1000,
    findings: findings.slice(0, maxFindings),
  }
}

/** Databases among the files that are not sound, but for those that were not known to be when they were backed up. */
function damagedDatabases(folder: string, { databases }: Compared, facts: Readonly<Record<string, unknown>>): string[] {
  return databases.flatMap((path) => {
    if (Object.hasOwn(facts, `inconsistent.${path}`)) return []
    try {
      assertSound(`${folder}${path}`)
      return []
    } catch (error) {
      return [`${path}: ${describeError(error)}`]
    }
  })
}

function reasonFor(place: string, problems: readonly { path: string; reason: string }[]): string {
  const problem = problems.find(({ path }) => path === place)
  return problem === undefined ? '' : ` (${problem.reason})`
}

/** Where the store does not let a snapshot be replaced, the drill still counts; only the retention does not know of it. */
async function markVerified(repository: Repository, snapshot: Snapshot, { clock, log, signal }: DrillParts): Promise<Snapshot> {
  try {
    return await changeTags(repository, snapshot, withTag(snapshot.tags, 'verified', new Date(clock.now()).toISOString()), signal)
  } catch (error) {
    signal.throwIfAborted()
    log.warn({ error, snapshot: snapshot.id }, `the snapshot could not be marked as verified: ${describeError(error)}`)
    return snapshot
  }
}

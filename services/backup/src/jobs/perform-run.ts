import { describeError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import { archive, type ArchiveResult } from '../archive/archive.ts'
import type { HookConfig } from '../config/hook-config.ts'
import type { OpenDestination } from '../local/destinations.ts'
import { acquireLock, type RepositoryLock } from '../lock/repository-lock.ts'
import type { Repository } from '../repository/repository.ts'
import { chooseParent } from '../snapshot/choose.ts'
import { matches, readSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { tagOf } from '../snapshot/tags.ts'
import { createSource } from '../sources/registry.ts'
import { bringCopies } from './bring-copies.ts'
import { runHook } from './hooks.ts'
import { previousFacts, type Manifest } from './manifest.ts'
import { quickVerify, type QuickVerified } from './quick-verify.ts'
import { applyRetention } from './retain.ts'
import { roomOf, unknownRoom } from './room.ts'
import { lockWaitMs, type DestinationOutcome, type RunParts } from './run-parts.ts'

export interface RunOutcome {
  readonly snapshot: Snapshot
  readonly archived: ArchiveResult
  readonly verified: QuickVerified
  readonly durationMs: number
  readonly destinations: readonly DestinationOutcome[]
}

/**
 * One run of a job from its hooks to its copies: the source is read into the first destination that can be reached, what was stored is looked
 * at again, and the snapshot is brought to the others. A destination that is away fails alone. Throws when there is no good snapshot.
 */
export async function performRun(parts: RunParts): Promise<RunOutcome> {
  const { clock, signal } = parts
  const startedMs = clock.monotonicMs()
  const { first, lock, failed } = await openFirst(parts)
  try {
    const whileLocked = AbortSignal.any([signal, lock.signal])
    const archived = await withHooks(parts, () => archiveInto({ ...parts, signal: whileLocked }, first))
    parts.onProgress({ ...idle, step: 'verifying' })
    const verified = await quickVerify(first.repository, archived.snapshot, { signal: whileLocked, random: Math.random })
    const others = parts.destinations.namesOf(parts.job).filter((name) => name !== first.name && !failed.has(name))
    const copies = await bringCopies(parts, first, archived.snapshot, others)
    await lock.release()
    const forgotten = await applyRetention(parts, first.repository)
    const outcomes: DestinationOutcome[] = [
      { name: first.name, snapshot: archived.snapshot.id, error: null, ...(await roomOf(first.repository.store, signal)), forgotten },
      ...copies,
      ...[...failed].map(([name, error]) => ({ name, snapshot: null, error: describeError(error), ...unknownRoom, forgotten: 0 })),
    ]
    const durationMs = clock.monotonicMs() - startedMs
    return { snapshot: archived.snapshot, archived, verified, durationMs, destinations: inOrder(outcomes, parts) }
  } finally {
    await lock.release()
    await first.close()
  }
}

const idle = { doneBytes: null, totalBytes: null, doneItems: null, totalItems: null }

interface First {
  readonly first: OpenDestination
  readonly lock: RepositoryLock
  readonly failed: ReadonlyMap<string, unknown>
}

/**
 * The first destination that opens, and why those before it did not. Its lock is held before a hook stops anything, and until what was stored
 * is looked at and copied: nobody may tidy away under us what the index that we have in memory tells of.
 */
async function openFirst(parts: RunParts): Promise<First> {
  const { destinations, job, signal, log } = parts
  const failed = new Map<string, unknown>()
  for (const name of destinations.namesOf(job)) {
    parts.onProgress({ ...idle, step: `opening ${name}` })
    try {
      const first = await destinations.open(name, signal)
      try {
        const lock = await lockAndLoad(parts, first)
        for (const [other, error] of failed)
          log.warn({ destination: other, error }, `the destination ${other} cannot be used: ${describeError(error)}`)
        return { first, lock, failed }
      } catch (error) {
        await first.close()
        throw error
      }
    } catch (error) {
      signal.throwIfAborted()
      failed.set(name, error)
    }
  }
  const [only, ...more] = failed.values()
  if (more.length === 0 && only !== undefined) throw only
  const transient = [...failed.values()].every((error) => error instanceof NightshiftError && error.transient)
  const reasons = [...failed].map(([name, error]) => `${name}: ${describeError(error)}`).join('; ')
  throw new EffectError('no_destination', `no destination can be used: ${reasons}`, { transient })
}

async function lockAndLoad(parts: RunParts, { name, repository }: OpenDestination): Promise<RepositoryLock> {
  const { host: hostname, username, clock, signal } = parts
  parts.onProgress({ ...idle, step: `waiting for the lock of ${name}` })
  const waitMs = parts.lockWaitMs ?? lockWaitMs
  const lock = await acquireLock(repository, { exclusive: false, hostname, username, clock, signal, waitMs })
  try {
    await repository.loadIndex(signal)
    return lock
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Hooks around the reading of the source; those after it run whatever happened, and a stopped run stops none of them. */
async function withHooks(parts: RunParts, read: () => Promise<ArchiveResult>): Promise<ArchiveResult> {
  const { config, signal } = parts
  let failure: { error: unknown } | undefined
  let result: ArchiveResult | undefined
  try {
    for (const hook of config.before) await runOne(parts, hook, { NIGHTSHIFT_PHASE: 'before' }, signal)
    result = await read()
  } catch (error) {
    failure = { error }
  }
  const facts = { NIGHTSHIFT_PHASE: 'after', NIGHTSHIFT_OUTCOME: failure === undefined ? 'completed' : 'failed' }
  for (const hook of config.after) {
    try {
      await runOne(parts, hook, facts, new AbortController().signal)
    } catch (error) {
      parts.log.error({ error }, describeError(error))
      failure ??= { error }
    }
  }
  if (failure !== undefined) throw failure.error
  if (result === undefined) throw new EffectError('run_failed', 'the run ended without a result')
  return result
}

async function runOne(parts: RunParts, hook: HookConfig, facts: Record<string, string>, signal: AbortSignal): Promise<void> {
  parts.onProgress({ ...idle, step: `hook ${hook.run[0] ?? ''}` })
  await runHook(hook, { NIGHTSHIFT_JOB: parts.job, NIGHTSHIFT_RUN: parts.run, ...facts }, signal)
}

async function archiveInto(parts: RunParts, { repository }: OpenDestination): Promise<ArchiveResult> {
  const { job, config, run, name, host, clock, log, version, signal, nats, workDir } = parts
  const mine = await readableSnapshots(parts, repository)
  const last = mine.at(-1)
  const source = await createSource(config.source)
  const previous = last === undefined ? undefined : await previousFacts(repository, last, signal)
  const acceptSmaller = parts.acceptSmaller === true
  const material = await source.open({ job, workDir, clock, log, signal, nats, previousFacts: previous, acceptSmaller })
  try {
    const nowMs = clock.now()
    const parent = chooseParent(mine, { hostname: host, paths: material.paths, job }, nowMs)
    const manifest = (facts: Manifest['facts']): Manifest => ({
      schema_version: 1,
      job,
      run,
      name,
      source: source.kind,
      nightshift_version: version,
      facts,
    })
    return await archive(repository, material, {
      hostname: host,
      username: parts.username,
      tags: [tagOf('job', job), tagOf('src', source.kind), tagOf('run', run)],
      nowMs,
      clock,
      ...(parent === undefined ? {} : { parent }),
      ...(parts.workers === undefined ? {} : { workers: parts.workers }),
      verify: config.verify_writes,
      ...(config.bandwidth === undefined ? {} : { bytesPerSecond: config.bandwidth }),
      acceptEmpty: acceptSmaller,
      signal,
      manifest,
      onProgress: ({ currentPath, ...progress }) => parts.onProgress({ ...progress, step: `reading ${currentPath}` }),
    })
  } finally {
    await material.close()
  }
}

/** What the job has there, oldest first. One that is damaged is said, and must not keep the next backup from being made. */
async function readableSnapshots({ host, job, signal, log }: RunParts, repository: Repository): Promise<Snapshot[]> {
  const mine: Snapshot[] = []
  for await (const { snapshot, error } of readSnapshots(repository, signal)) {
    if (error !== undefined) log.warn({ error }, describeError(error))
    else if (snapshot !== undefined && matches(snapshot, { hostname: host, job })) mine.push(snapshot)
  }
  return mine.toSorted((one, other) => one.timeMs - other.timeMs)
}

function inOrder(outcomes: readonly DestinationOutcome[], { destinations, job }: RunParts): DestinationOutcome[] {
  const order = destinations.namesOf(job)
  return outcomes.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}

import { describeError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import { archive, type ArchiveResult } from '../archive/archive.ts'
import type { HookConfig } from '../config/hook-config.ts'
import type { OpenDestination } from '../local/destinations.ts'
import { acquireLock } from '../lock/repository-lock.ts'
import { chooseParent } from '../snapshot/choose.ts'
import { listSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
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
  const { first, failed } = await openFirst(parts)
  try {
    const archived = await withHooks(parts, () => archiveInto(parts, first))
    parts.onProgress({ ...idle, step: 'verifying' })
    const verified = await quickVerify(first.repository, archived.snapshot, { signal, random: Math.random })
    const others = parts.destinations.namesOf(parts.job).filter((name) => name !== first.name && !failed.has(name))
    const copies = await bringCopies(parts, first, archived.snapshot, others)
    const forgotten = await applyRetention(parts, first.repository)
    const outcomes: DestinationOutcome[] = [
      { name: first.name, snapshot: archived.snapshot.id, error: null, ...(await roomOf(first.repository.store, signal)), forgotten },
      ...copies,
      ...[...failed].map(([name, error]) => ({ name, snapshot: null, error: describeError(error), ...unknownRoom, forgotten: 0 })),
    ]
    const durationMs = clock.monotonicMs() - startedMs
    return { snapshot: archived.snapshot, archived, verified, durationMs, destinations: inOrder(outcomes, parts) }
  } finally {
    await first.close()
  }
}

const idle = { doneBytes: null, totalBytes: null, doneItems: null, totalItems: null }

/** The first destination that opens, and why those before it did not. */
async function openFirst(parts: RunParts): Promise<{ first: OpenDestination; failed: ReadonlyMap<string, unknown> }> {
  const { destinations, job, signal, log } = parts
  const failed = new Map<string, unknown>()
  for (const name of destinations.namesOf(job)) {
    parts.onProgress({ ...idle, step: `opening ${name}` })
    try {
      const first = await destinations.open(name, signal)
      try {
        await first.repository.loadIndex(signal)
        return { first, failed }
      } catch (error) {
        await first.close()
        throw error
      }
    } catch (error) {
      signal.throwIfAborted()
      failed.set(name, error)
      log.warn({ destination: name, error }, `the destination ${name} cannot be used: ${describeError(error)}`)
    }
  }
  const [only, ...more] = failed.values()
  if (more.length === 0 && only !== undefined) throw only
  const transient = [...failed.values()].every((error) => error instanceof NightshiftError && error.transient)
  throw new EffectError('no_destination', `no destination can be used: ${describeError(only)}`, { transient, cause: only })
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

async function archiveInto(parts: RunParts, first: OpenDestination): Promise<ArchiveResult> {
  const { job, config, run, name, host, clock, log, version } = parts
  const { repository } = first
  const lock = await acquireLock(repository, {
    exclusive: false,
    hostname: host,
    username: parts.username,
    clock,
    signal: parts.signal,
    waitMs: lockWaitMs,
  })
  const signal = AbortSignal.any([parts.signal, lock.signal])
  try {
    const mine = await listSnapshots(repository, { hostname: host, job }, signal)
    const last = mine.at(-1)
    const source = await createSource(config.source)
    const facts = last === undefined ? undefined : await previousFacts(repository, last, signal)
    const { nats, workDir } = parts
    const material = await source.open({
      job,
      workDir,
      clock,
      log,
      signal,
      nats,
      previousFacts: facts,
      acceptSmaller: parts.acceptSmaller === true,
    })
    try {
      const nowMs = clock.now()
      const parent = chooseParent(mine, { hostname: host, paths: material.paths, job }, nowMs)
      const manifest = (counted: Manifest['facts']): Manifest => ({
        schema_version: 1,
        job,
        run,
        name,
        source: source.kind,
        nightshift_version: version,
        facts: counted,
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
        signal,
        manifest,
        onProgress: ({ currentPath, ...progress }) => parts.onProgress({ ...progress, step: `reading ${currentPath}` }),
      })
    } finally {
      await material.close()
    }
  } finally {
    await lock.release()
  }
}

function inOrder(outcomes: readonly DestinationOutcome[], { destinations, job }: RunParts): DestinationOutcome[] {
  const order = destinations.namesOf(job)
  return outcomes.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}

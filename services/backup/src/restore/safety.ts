import { isoTime, type Clock } from '@nightshift/shared/clock'
import type { Logger } from 'pino'
import { describeError, NightshiftError, EffectError } from '@nightshift/shared/errors'
import type { NatsConnection } from '@nats-io/transport-node'
import { archive } from '../archive/archive.ts'
import type { JobConfig } from '../config/job-config.ts'
import { acquireLock } from '../lock/repository-lock.ts'
import type { Repository } from '../repository/repository.ts'
import { chooseParent } from '../snapshot/choose.ts'
import { listSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { tagOf, tagValue } from '../snapshot/tags.ts'
import { createSource } from '../sources/registry.ts'

const lockWaitMs = 60_000
const keptMs = 7 * 86_400_000

interface Parts {
  readonly job: string
  readonly config: JobConfig
  readonly run: string
  readonly host: string
  readonly username: string
  readonly version: string
  readonly workers: number | undefined
  readonly workDir: string
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly nats?: NatsConnection | undefined
}

/**
 * A snapshot of what is live right before something takes its place. It is none of the job's own: no rule counts it, `latest` never means it,
 * and it goes after seven days.
 */
export async function safetySnapshot(repository: Repository, parts: Parts): Promise<Snapshot> {
  const { job, config, run, host, username, clock, log, workDir, nats } = parts
  const lock = await acquireLock(repository, {
    exclusive: false,
    hostname: host,
    username,
    clock,
    signal: parts.signal,
    waitMs: lockWaitMs,
  })
  const signal = AbortSignal.any([parts.signal, lock.signal])
  try {
    const mine = await listSnapshots(repository, { hostname: host, job }, signal)
    const source = await createSource(config.source)
    const material = await source.open({ job, workDir, clock, log, signal, nats, acceptSmaller: true })
    try {
      const nowMs = clock.now()
      const parent = chooseParent(mine, { hostname: host, paths: material.paths, job }, nowMs)
      const { snapshot } = await archive(repository, material, {
        hostname: host,
        username,
        tags: [tagOf('safety', job), tagOf('src', source.kind), tagOf('run', run)],
        nowMs,
        clock,
        ...(parent === undefined ? {} : { parent }),
        ...(parts.workers === undefined ? {} : { workers: parts.workers }),
        signal,
        manifest: (facts) => ({
          schema_version: 1,
          job,
          run,
          name: `safety_${isoTime(nowMs)}`,
          source: source.kind,
          nightshift_version: parts.version,
          facts,
        }),
        onProgress: () => undefined,
      })
      return snapshot
    } finally {
      await material.close()
    }
  } catch (cause) {
    parts.signal.throwIfAborted()
    throw new EffectError(
      'no_safety_snapshot',
      `the present state of ${job} could not be kept: ${describeError(cause, 0)}; when it is broken anyway, say --no-safety`,
      { cause, transient: cause instanceof NightshiftError && cause.transient },
    )
  } finally {
    await lock.release()
  }
}

/** Removes the safety snapshots of a job that are older than seven days. Those that went. */
export async function forgetSafety(
  repository: Repository,
  { job, host, username, clock, signal }: Pick<Parts, 'job' | 'host' | 'username' | 'clock' | 'signal'>,
): Promise<number> {
  const old = (await listSnapshots(repository, { hostname: host, tags: [tagOf('safety', job)] }, signal)).filter(
    (snapshot) => tagValue(snapshot, 'job') === undefined && snapshot.timeMs < clock.now() - keptMs,
  )
  if (old.length === 0) return 0
  const lock = await acquireLock(repository, { exclusive: true, hostname: host, username, clock, signal, waitMs: lockWaitMs })
  try {
    for (const { id } of old) {
      lock.signal.throwIfAborted()
      await repository.store.remove({ type: 'snapshot', id }, signal)
    }
    return old.length
  } finally {
    await lock.release()
  }
}

import { z } from 'zod'
import type { Bus, Endpoint } from '@nightshift/shared/bus/bus'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { ConfigError, ConflictError, ContractError, describeError } from '@nightshift/shared/errors'
import type { AuditEvent } from '@nightshift/shared/events/audit'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import type { BackupConfig } from '../config.ts'
import type { Destinations } from '../local/destinations.ts'
import { listRows, type SnapshotRow } from '../local/snapshot-rows.ts'
import type { Speaker } from './backup-event.ts'
import type { IntegrityChecks, IntegrityRow } from './integrity-checks.ts'
import { jobRows, type JobRow } from './job-rows.ts'
import type { JobRunner } from './job-runner.ts'
import type { RunQueue } from './queue.ts'
import type { Scheduler } from './scheduler.ts'
import type { StateStore } from './state-store.ts'

const name = z.string().min(1).max(64)
const actor = z.string().min(1).max(128).default('somebody')
const runRequest = z.object({ job: name, actor, accept_smaller: z.boolean().default(false) })
const cancelRequest = z.object({ job: name, actor })
const integrityRequest = z.object({ database: name.optional(), check: z.boolean().default(false), actor })
/** What a person does with `nightshift backup` past the service, and what is written down of it. */
const noteRequest = z.object({
  action: z.enum(['backup.integrity_repair', 'backup.repair', 'backup.restore', 'backup.delete', 'backup.export']),
  target: z.string().min(1).max(1024),
  outcome: z.enum(['done', 'failed']),
  reason: z.string().max(1024).nullable().default(null),
  actor,
})
const snapshotsRequest = z.object({ job: name.optional(), destination: name.optional(), count: z.int().min(1).max(1000).default(100) })

export interface SnapshotsAnswer {
  snapshots: SnapshotRow[]
  /** Destinations that cannot be reached, and snapshots that cannot be read. */
  troubles: string[]
}

export interface RunAnswer {
  run: string
  /** false: the run was there already. */
  is_new: boolean
  /** Runs before it. */
  waiting: number
}

interface Parts {
  readonly bus: Bus
  readonly clock: Clock
  readonly speaker: Speaker
  readonly store: StateStore
  readonly queue: RunQueue
  readonly runner: JobRunner
  readonly scheduler: Scheduler
  readonly integrity: IntegrityChecks
  readonly config: () => BackupConfig
  readonly destinations: () => Destinations
}

/** `ops.rpc.backup.<host>.run | cancel | jobs | snapshots | integrity | note`. What changes something is written down with who asked. */
export function endpoints(parts: Parts): Endpoint[] {
  return [
    { verb: 'run', description: 'Runs a job now: {job}', handle: async (request) => await run(parts, read(runRequest, request)) },
    {
      verb: 'cancel',
      description: 'Ends a run, or takes it out of the queue: {job}',
      handle: async (request) => await cancel(parts, read(cancelRequest, request)),
    },
    {
      verb: 'jobs',
      description: 'The jobs of this host and how they stand',
      handle: async () => await Promise.resolve({ jobs: jobs(parts) }),
    },
    {
      verb: 'snapshots',
      description: 'Snapshots of this host, newest first: {job?, destination?}',
      handle: async (request) => await snapshots(parts, read(snapshotsRequest, request)),
    },
    {
      verb: 'integrity',
      description: 'Databases and what their last check found; with check looks again: {database?, check?}',
      handle: async (request) => await integrity(parts, read(integrityRequest, request)),
    },
    {
      verb: 'note',
      description: 'Writes into the audit what a person did on this host past the service: {action, target, outcome, reason?, actor}',
      handle: async (request) => await note(parts, read(noteRequest, request)),
    },
  ]
}

async function run(parts: Parts, request: z.output<typeof runRequest>): Promise<RunAnswer> {
  const { queue, clock, runner, config } = parts
  // `constructor` and its like are in every object, and no jobs.
  if (!Object.hasOwn(config().jobs, request.job)) {
    const known = Object.keys(config().jobs).join(', ') || 'none'
    await audit(parts, request.actor, 'backup.run', request.job, 'refused', 'no such job')
    throw new ConfigError('no_such_job', `there is no job ${request.job}; there are ${known}`)
  }
  const id = newId(clock.now())
  const { run: queued, isNew } = queue.add(request.job, id, 'request')
  if (request.accept_smaller) runner.acceptSmaller(queued.run)
  await audit(
    parts,
    request.actor,
    'backup.run',
    request.job,
    isNew ? 'done' : 'nothing',
    isNew ? null : 'a run of it waits or is under way',
  )
  return { run: queued.run, is_new: isNew, waiting: Math.max(0, queue.length - 1) }
}

async function cancel(parts: Parts, request: z.output<typeof cancelRequest>): Promise<{ cancelled: boolean }> {
  const reason = new ConflictError('run_cancelled', `the run was ended by ${request.actor}`)
  const cancelled = parts.queue.cancel(request.job, reason)
  await audit(
    parts,
    request.actor,
    'backup.cancel',
    request.job,
    cancelled ? 'done' : 'nothing',
    cancelled ? null : 'no run of it waits or is under way',
  )
  return { cancelled }
}

function jobs({ config, store, queue, runner, scheduler, clock }: Parts): JobRow[] {
  const current = queue.current
  const nextDue = (job: string): string | null => scheduler.nextDue(job)
  const under = current === undefined ? undefined : { job: current.job, progress: runner.progress }
  return jobRows({ config: config(), state: store.state, nextDue, isWaiting: (job) => queue.find(job) !== undefined, under }, clock.now())
}

async function snapshots(parts: Parts, request: z.output<typeof snapshotsRequest>): Promise<SnapshotsAnswer> {
  const { speaker, destinations } = parts
  const { job, destination, count } = request
  const troubles: string[] = []
  const onTrouble = (place: string, error: unknown): void => {
    if (troubles.length < maxTroubles) troubles.push(`${place}: ${describeError(error).slice(0, maxTroubleLength)}`)
  }
  const wanted = { job, destination, hostname: speaker.host, onTrouble }
  const rows = await listRows(destinations(), wanted, AbortSignal.timeout(listTimeoutMs))
  return { snapshots: rows.toReversed().slice(0, count), troubles }
}

async function integrity(parts: Parts, request: z.output<typeof integrityRequest>): Promise<{ databases: IntegrityRow[] }> {
  const { config, queue, integrity: checks } = parts
  const { database, check } = request
  const known = Object.keys(config().integrity)
  if (database !== undefined && !known.includes(database))
    throw new ConfigError('no_such_database', `there is no ${database} under backup.integrity; there are ${known.join(', ') || 'none'}`)
  const wanted = database === undefined ? known : [database]
  if (check)
    for (const each of wanted) {
      const { isNew } = checks.enqueue(queue, each, 'request')
      await audit(
        parts,
        request.actor,
        'backup.integrity',
        each,
        isNew ? 'done' : 'nothing',
        isNew ? null : 'a check of it is to come already',
      )
    }
  return { databases: checks.rows(queue).filter((row) => wanted.includes(row.database)) }
}

async function note(parts: Parts, { actor: who, action, target, outcome, reason }: z.output<typeof noteRequest>): Promise<{ noted: true }> {
  await audit(parts, who, action, target, outcome, reason)
  return { noted: true }
}

const listTimeoutMs = 60_000
const maxTroubles = 20
const maxTroubleLength = 1024

export async function audit(
  { bus, clock, speaker }: Pick<Parts, 'bus' | 'clock' | 'speaker'>,
  who: string,
  action: string,
  target: string,
  outcome: AuditEvent['outcome'],
  reason: string | null,
): Promise<void> {
  const nowMs = clock.now()
  const id = newId(nowMs)
  const event: AuditEvent = {
    v: 1,
    id,
    time: isoTime(nowMs),
    host: speaker.host,
    source: speaker.source,
    correlation_id: id,
    service: 'backup',
    actor: who,
    action,
    target,
    outcome,
    reason,
  }
  await bus.publishEvent(buildSubject({ kind: 'audit', service: 'backup' }, speaker.namespace), event)
}

export function read<S extends z.ZodType>(schema: S, request: unknown): z.output<S> {
  const parsed = schema.safeParse(request ?? {})
  if (parsed.success) return parsed.data
  throw new ContractError('bad_request', z.prettifyError(parsed.error), { cause: parsed.error })
}

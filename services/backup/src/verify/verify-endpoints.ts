import { z } from 'zod'
import type { Bus, Endpoint } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { ConfigError } from '@nightshift/shared/errors'
import type { BackupConfig } from '../config.ts'
import type { Speaker } from '../jobs/backup-event.ts'
import type { RunQueue } from '../jobs/queue.ts'
import { audit, read } from '../jobs/endpoints.ts'
import type { PlanReport } from '../recovery/plan-report.ts'
import type { PlanRunner } from '../recovery/plan-runner.ts'
import type { Verifier } from './verifier.ts'

const name = z.string().min(1).max(64)
const actor = z.string().min(1).max(128).default('somebody')
const verifyRequest = z.object({
  actor,
  destination: name.optional(),
  whole: z.boolean().default(false),
  restic: z.boolean().default(false),
})
const drillRequest = z.object({
  actor,
  job: name.optional(),
  plan: z.boolean().default(false),
  destination: name.optional(),
  snapshot: z.string().min(1).max(64).optional(),
})

export interface VerifyAnswer {
  runs: { destination: string; run: string; is_new: boolean }[]
}

export interface DrillAnswer {
  run: string
  /** false: one was there already. */
  is_new: boolean
}

interface Parts {
  readonly bus: Bus
  readonly clock: Clock
  readonly speaker: Speaker
  readonly queue: RunQueue
  readonly verifier: Verifier
  readonly plans: PlanRunner
  readonly config: () => BackupConfig
}

/** `ops.rpc.backup.<host>.verify | drill | plan`. */
export function verifyEndpoints(parts: Parts): Endpoint[] {
  return [
    {
      verb: 'verify',
      description: 'Reads a part of what is stored, or all of it: {destination?, whole?, restic?}',
      handle: async (request) => await verify(parts, read(verifyRequest, request)),
    },
    {
      verb: 'drill',
      description: 'Restores a job, or all of the recovery plan, into a scratch place and compares it: {job} or {plan: true}',
      handle: async (request) => await drill(parts, read(drillRequest, request)),
    },
    {
      verb: 'plan',
      description: 'How the last drill of the recovery plan went since the start of the service',
      handle: async () => await Promise.resolve<{ report: PlanReport | null }>({ report: parts.plans.lastReport ?? null }),
    },
  ]
}

async function verify(parts: Parts, { actor: who, destination, whole, restic }: z.output<typeof verifyRequest>): Promise<VerifyAnswer> {
  const known = Object.keys(parts.config().destinations)
  if (destination !== undefined && !known.includes(destination)) {
    await audit(parts, who, 'backup.verify', destination, 'refused', 'no such destination')
    throw new ConfigError('no_such_destination', `there is no destination ${destination}; there are ${known.join(', ') || 'none'}`)
  }
  const runs = (destination === undefined ? known : [destination]).map((each) => {
    const task = { kind: whole ? ('whole' as const) : ('packs' as const), name: each }
    const { run, isNew } = parts.verifier.request(parts.queue, task, { withRestic: restic })
    return { destination: each, run, is_new: isNew }
  })
  await audit(parts, who, 'backup.verify', destination ?? 'all', 'done', null)
  return { runs }
}

async function drill(parts: Parts, request: z.output<typeof drillRequest>): Promise<DrillAnswer> {
  const { actor: who, job, plan, destination, snapshot } = request
  if (plan) {
    const { run, isNew } = parts.plans.request()
    await audit(parts, who, 'backup.drill', 'plan', isNew ? 'done' : 'nothing', isNew ? null : 'it is under way')
    return { run, is_new: isNew }
  }
  const known = parts.config().jobs
  if (job === undefined || !Object.hasOwn(known, job)) {
    await audit(parts, who, 'backup.drill', job ?? '', 'refused', 'no such job')
    throw new ConfigError('no_such_job', `there is no job ${job ?? ''}; there are ${Object.keys(known).join(', ') || 'none'}`)
  }
  const { run, isNew } = parts.verifier.request(parts.queue, { kind: 'drill', name: job }, { destination, snapshot })
  await audit(parts, who, 'backup.drill', job, isNew ? 'done' : 'nothing', isNew ? null : 'one of it waits or is under way')
  return { run, is_new: isNew }
}

import { z } from 'zod'
import type { Endpoint } from '@nightshift/shared/bus/bus'
import { read } from '../jobs/endpoints.ts'
import type { RunQueue } from '../jobs/queue.ts'
import type { RestorePlan } from './plan/restore-plan.ts'
import { restoreRequestSchema } from './request.ts'
import type { Restorer, RestoreState } from './restorer.ts'

const about = z.object({ actor: z.string().min(1).max(128).default('somebody'), dry_run: z.boolean().default(false) })

export interface RestoreAnswer {
  /** null: nothing was begun. */
  run: string | null
  is_new: boolean
  plan: RestorePlan | null
}

/** `ops.rpc.backup.<host>.restore | restored`. */
export function restoreEndpoints({ restorer, queue }: { restorer: Restorer; queue: RunQueue }): Endpoint[] {
  return [
    {
      verb: 'restore',
      description: 'Restores a job or a set: {name, at_time?, snapshot?, paths?, tables?, where?, to?, in_place?}; dry_run only says what it would do',
      handle: async (request): Promise<RestoreAnswer> => {
        const { actor, dry_run: isDry, ...wanted } = read(z.looseObject(about.shape), request)
        const parsed = read(restoreRequestSchema, wanted)
        if (isDry) return { run: null, is_new: false, plan: await restorer.plan(parsed) }
        const { run, isNew } = restorer.enqueue(queue, parsed, actor)
        return { run, is_new: isNew, plan: null }
      },
    },
    {
      verb: 'restored',
      description: 'How a restore ended: {run}',
      handle: async (request): Promise<RestoreState> =>
        await Promise.resolve(restorer.state(read(z.object({ run: z.string().max(64) }), request).run)),
    },
  ]
}

import { z } from 'zod'
import type { Endpoint } from '@nightshift/shared/bus/bus'
import { ConfigError } from '@nightshift/shared/errors'
import { read } from '../jobs/endpoints.ts'
import type { RunQueue } from '../jobs/queue.ts'
import type { RestorePlan } from './plan/restore-plan.ts'
import { restoreRequestSchema, type RestoreRequest } from './request.ts'
import type { Restorer, RestoreState } from './restorer.ts'

const about = z.object({ actor: z.string().min(1).max(128).default('somebody'), dry_run: z.boolean().default(false) })

export interface RestoreAnswer {
  /** null: nothing was begun. */
  run: string | null
  plan: RestorePlan | null
}

/** `ops.rpc.backup.<host>.restore | restored`. */
export function restoreEndpoints({ restorer, queue }: { restorer: Restorer; queue: RunQueue }): Endpoint[] {
  return [
    {
      verb: 'restore',
      description: 'Restores a job or a set: {name, at_time?, snapshot?, paths?, tables?, in_place?}; dry_run only says what it would do',
      handle: async (request): Promise<RestoreAnswer> => {
        const { actor, dry_run: isDry, ...wanted } = read(z.looseObject(about.shape), request)
        const parsed = read(restoreRequestSchema, wanted)
        refuseForeign(parsed)
        if (isDry) return { run: null, plan: await restorer.plan(parsed) }
        return { run: restorer.enqueue(queue, parsed, actor), plan: null }
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

/** Whoever may ask for a restore may not thereby write anywhere on this host, nor run SQL of his own. */
function refuseForeign({ to, where }: RestoreRequest): void {
  if (to === null && where === null) return
  throw new ConfigError(
    'only_local',
    `${to === null ? 'a condition' : 'a folder'} cannot be named over the bus; say --local, on the host itself`,
  )
}

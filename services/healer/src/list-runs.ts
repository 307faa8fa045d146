import type { Endpoint } from '@nightshift/shared/bus/bus'
import { isoTime } from '@nightshift/shared/clock'
import type { HealerState } from './state/healer-state.ts'

const maxListed = 100

/** `ops.rpc.healer.<host>.list`: the runs under way and the last ones that ended, newest first. Says nothing of commands or their output. */
export function listEndpoint(state: () => HealerState): Endpoint {
  return {
    verb: 'list',
    description: 'Heal runs of this host, newest first',
    handle: async () => ({ runs: listRuns(state()) }),
  }
}

function listRuns(state: HealerState): object[] {
  const active = Object.values(state.runs).map((run) => ({ ...run, endedMs: null }))
  return [...active, ...state.ended]
    .toSorted((a, b) => b.startedMs - a.startedMs)
    .slice(0, maxListed)
    .map((run) => ({
      run: run.id,
      playbook: run.playbook,
      target: run.target,
      phase: run.phase,
      attempt: run.attempt,
      started_time: isoTime(run.startedMs),
      ended_time: run.endedMs === null ? null : isoTime(run.endedMs),
      reason: run.reason,
    }))
}

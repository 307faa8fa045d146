import type { ContainerFacts } from './container-facts.ts'

/** Counters of one container that outlive its control group, which a restart makes anew. */
export interface Counts {
  readonly restarts: number | undefined
  /** What the runtime last counted. */
  readonly runtimeRestarts: number | undefined
  /** The runtime has counted a restart whose start was not seen yet: it counts first, and starts after a while. */
  readonly awaitsStart: boolean
  readonly oomKills: number
  /** Kills that the control group counts, when it was last looked at. */
  readonly cgroupOomKills: number
  /** The control group has counted one since the last run ended. */
  readonly hasKillOfThisRun: boolean
  readonly startedMs: number | undefined
  readonly finishedMs: number | undefined
}

/**
 * The counters after another look. A kill that ended the container takes its control group along before anybody could look: then the runtime's
 * word for how the run ended counts, once. A start by hand resets the runtime's own count of restarts; ours goes on.
 */
export function nextCounts(previous: Counts | undefined, facts: ContainerFacts, cgroupOomKills: number | null | undefined): Counts {
  const { startedMs, finishedMs } = facts
  if (previous === undefined) {
    const oomKills = cgroupOomKills ?? 0
    return {
      restarts: facts.restarts,
      runtimeRestarts: facts.restarts,
      awaitsStart: facts.isRunning === false,
      oomKills,
      cgroupOomKills: oomKills,
      hasKillOfThisRun: oomKills > 0,
      startedMs,
      finishedMs,
    }
  }
  const seen = cgroupOomKills ?? 0
  const killed = seen < previous.cgroupOomKills ? seen : seen - previous.cgroupOomKills
  const hasEnded = finishedMs !== undefined && finishedMs !== previous.finishedMs
  const endedUnseen = hasEnded && facts.endedByOom === true && !previous.hasKillOfThisRun && killed === 0
  return {
    ...nextRestarts(previous, facts),
    oomKills: previous.oomKills + killed + (endedUnseen ? 1 : 0),
    cgroupOomKills: seen,
    hasKillOfThisRun: hasEnded ? false : previous.hasKillOfThisRun || killed > 0,
    startedMs: startedMs ?? previous.startedMs,
    finishedMs: finishedMs ?? previous.finishedMs,
  }
}

function nextRestarts(
  previous: Counts,
  { restarts, startedMs }: ContainerFacts,
): Pick<Counts, 'restarts' | 'runtimeRestarts' | 'awaitsStart'> {
  const { restarts: total, runtimeRestarts, awaitsStart } = previous
  if (restarts === undefined || total === undefined || runtimeRestarts === undefined) {
    return { restarts: restarts ?? total, runtimeRestarts: restarts ?? runtimeRestarts, awaitsStart }
  }
  const isNewRun = startedMs !== undefined && previous.startedMs !== undefined && startedMs !== previous.startedMs
  const counted = restarts - runtimeRestarts
  if (counted > 0) return { restarts: total + counted, runtimeRestarts: restarts, awaitsStart: !isNewRun }
  const wasByHand = isNewRun && (!awaitsStart || counted < 0)
  return { restarts: total + (wasByHand ? 1 : 0), runtimeRestarts: restarts, awaitsStart: awaitsStart && !isNewRun }
}

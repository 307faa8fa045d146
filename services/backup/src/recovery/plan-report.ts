import { formatDuration } from '@nightshift/shared/config/scalars'
import { tierNames, type PlanConfig, type TierName } from '../config/recovery-config.ts'

/** A job of the plan, in its place. */
export interface PlanStep {
  readonly tier: TierName
  readonly job: string
}

/** How the drill of one job ended. `seconds` and `ageSeconds` are null when it could not be restored. */
export interface StepResult extends PlanStep {
  readonly seconds: number | null
  readonly ageSeconds: number | null
  readonly items: number
  readonly error: string | null
}

/** A row of the table: what was measured beside what was promised. `met` is null where nothing was promised. */
export interface PlanRow {
  readonly tier: TierName | null
  readonly name: string
  readonly items: number | null
  readonly restoreSeconds: number | null
  readonly rtoSeconds: number | null
  readonly rtoMet: boolean | null
  readonly ageSeconds: number | null
  readonly rpoSeconds: number | null
  readonly rpoMet: boolean | null
  readonly error: string | null
}

export interface PlanReport {
  readonly startedMs: number
  readonly durationMs: number
  readonly jobs: readonly PlanRow[]
  readonly scenarios: readonly PlanRow[]
  /** Everything was restored whole, and every objective was met. */
  readonly passed: boolean
}

/** The jobs of a plan in the order in which they are brought back, each once. Pure, like all here. */
export function planSteps({ tiers }: PlanConfig, sets: Readonly<Record<string, { jobs: readonly string[] }>> = {}): PlanStep[] {
  const steps = tierNames.flatMap((tier) => {
    const ofSets = (tiers[tier]?.sets ?? []).flatMap((set) => sets[set]?.jobs ?? [])
    return [...ofSets, ...(tiers[tier]?.jobs ?? [])].map((job) => ({ tier, job }))
  })
  const first = new Map(steps.toReversed().map((step) => [step.job, step]))
  return steps.filter((step) => first.get(step.job) === step)
}

interface Objectives {
  readonly rto?: number | undefined
  readonly rpo?: number | undefined
}

/**
 * What a drill of the plan means. The objectives of a job go before those of its tier. A scenario takes as long as all jobs of its tiers one
 * after the other, and loses what the oldest of them does.
 */
export function judgePlan(
  plan: PlanConfig,
  results: readonly StepResult[],
  objectivesOf: (job: string) => Objectives,
  times: { startedMs: number; durationMs: number },
): PlanReport {
  const jobs = results.map((result): PlanRow => {
    const own = objectivesOf(result.job)
    const tier = plan.tiers[result.tier]
    const objectives = { rto: own.rto ?? tier?.rto, rpo: own.rpo ?? tier?.rpo }
    const { error, items, seconds, ageSeconds } = result
    return { tier: result.tier, name: result.job, items, error, ...measured(objectives, seconds, ageSeconds) }
  })
  const scenarios = Object.entries(plan.scenarios).map(([name, scenario]): PlanRow => {
    const steps = results.filter(({ tier }) => scenario.tiers.includes(tier))
    const failed = steps.filter(({ error }) => error !== null).map(({ job }) => job)
    const error =
      steps.length === 0 ? 'no job is in its tiers' : failed.length === 0 ? null : `${failed.join(', ')} could not be brought back`
    return { tier: null, name, items: null, error, ...measured(scenario, sum(steps.map(({ seconds }) => seconds)), worst(steps)) }
  })
  const isWell = ({ error, rtoMet, rpoMet }: PlanRow): boolean => error === null && rtoMet !== false && rpoMet !== false
  return { ...times, jobs, scenarios, passed: jobs.length > 0 && [...jobs, ...scenarios].every(isWell) }
}

/** What falls short, in words; empty when nothing does. */
export function shortcomings({ jobs, scenarios }: PlanReport): string[] {
  if (jobs.length === 0) return ['no job was drilled']
  return [...jobs, ...scenarios].flatMap((row) => {
    if (row.error !== null) return [`${row.name}: ${row.error}`]
    const late = row.rtoMet === false ? [`${row.name} took ${words(row.restoreSeconds)}, its RTO is ${words(row.rtoSeconds)}`] : []
    const old = row.rpoMet === false ? [`${row.name} is ${words(row.ageSeconds)} old, its RPO is ${words(row.rpoSeconds)}`] : []
    return [...late, ...old]
  })
}

function measured(
  { rto, rpo }: Objectives,
  seconds: number | null,
  ageSeconds: number | null,
): Pick<PlanRow, 'restoreSeconds' | 'rtoSeconds' | 'rtoMet' | 'ageSeconds' | 'rpoSeconds' | 'rpoMet'> {
  return {
    restoreSeconds: seconds,
    rtoSeconds: rto === undefined ? null : rto / 1000,
    // What cannot be brought back is not brought back in time.
    rtoMet: rto === undefined ? null : seconds !== null && seconds * 1000 <= rto,
    ageSeconds,
    rpoSeconds: rpo === undefined ? null : rpo / 1000,
    rpoMet: rpo === undefined ? null : ageSeconds !== null && ageSeconds * 1000 <= rpo,
  }
}

function sum(all: readonly (number | null)[]): number | null {
  return all.length === 0 || all.includes(null) ? null : all.reduce<number>((total, each) => total + (each ?? 0), 0)
}

function worst(steps: readonly StepResult[]): number | null {
  const ages = steps.map(({ ageSeconds }) => ageSeconds)
  return ages.length === 0 || ages.includes(null) ? null : Math.max(...ages.map((age) => age ?? 0))
}

function words(seconds: number | null): string {
  return seconds === null ? '?' : formatDuration(Math.round(seconds * 1000))
}

import type { Clock } from '@nightshift/shared/clock'
import type { JobConfig } from '../config/job-config.ts'
import type { PlanConfig } from '../config/recovery-config.ts'
import type { DrillEnd } from '../verify/verifier.ts'
import { findingsText } from '../verify/verify-facts.ts'
import { judgePlan, planSteps, type PlanReport, type PlanStep, type StepResult } from './plan-report.ts'

interface Means {
  readonly jobs: Readonly<Record<string, Pick<JobConfig, 'rto' | 'rpo'>>>
  readonly sets: Readonly<Record<string, { jobs: readonly string[] }>>
  readonly clock: Clock
  /** May not reject. */
  readonly drill: (job: string) => Promise<DrillEnd>
}

/** Drills every job of the plan in its order, and measures it against what was promised. What fails does not hold up the rest. */
export async function drillPlan(plan: PlanConfig, { jobs, sets, clock, drill }: Means): Promise<PlanReport> {
  const [startedMs, startMonotonicMs] = [clock.now(), clock.monotonicMs()]
  const steps = planSteps(plan, sets)
  const results: StepResult[] = []
  for (const step of steps) results.push(resultOf(step, await drill(step.job)))
  return judgePlan(plan, results, (job) => jobs[job] ?? {}, { startedMs, durationMs: clock.monotonicMs() - startMonotonicMs })
}

function resultOf(step: PlanStep, end: DrillEnd): StepResult {
  if ('error' in end) return { ...step, seconds: null, ageSeconds: null, items: 0, error: end.error }
  const { ageSeconds, findings, items, restoreSeconds } = end.outcome
  return { ...step, seconds: restoreSeconds, ageSeconds, items, error: findingsText(findings) }
}

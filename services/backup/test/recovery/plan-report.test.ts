import { describe, expect, test } from 'vitest'
import { planSchema } from '../../src/config/recovery-config.ts'
import { judgePlan, planSteps, shortcomings, type StepResult } from '../../src/recovery/plan-report.ts'
import { reportText } from '../../src/recovery/report-text.ts'

const plan = planSchema.parse({
  tiers: { low: { jobs: ['docs'] }, critical: { jobs: ['config', 'api'], rto: '5m' }, high: { jobs: ['db'], rto: '30m', rpo: '24h' } },
  scenarios: {
    redeploy: { tiers: ['critical', 'high'], rto: '10m', rpo: '24h' },
    hardware: { tiers: ['critical', 'high', 'low'], rto: '4h' },
  },
})
const times = { startedMs: Date.UTC(2026, 9, 1, 5), durationMs: 900_000 }
const done = (tier: StepResult['tier'], job: string, seconds: number, ageSeconds = 3600): StepResult => ({
  tier,
  job,
  seconds,
  ageSeconds,
  items: 10,
  error: null,
})

test('jobs are brought back in the order of the tiers, whatever the order of the file', () => {
  expect(planSteps(plan).map(({ job }) => job)).toEqual(['config', 'api', 'db', 'docs'])
  const withSets = planSchema.parse({ tiers: { high: { sets: ['app'], jobs: ['db', 'logs'] }, low: { jobs: ['models', 'docs'] } } })
  const steps = planSteps(withSets, { app: { jobs: ['db', 'models'] } })
  expect(steps.map(({ tier, job }) => `${tier} ${job}`)).toEqual(['high db', 'high models', 'high logs', 'low docs'])
})

test('a plan comes quarterly unless it says otherwise, and one without tiers is refused', () => {
  expect(plan.schedule).toEqual(['0 5 1 1,4,7,10 *'])
  expect(planSchema.parse({ schedule: 'never', tiers: { low: { jobs: ['a'] } } }).schedule).toEqual([])
  expect(planSchema.safeParse({ tiers: {} }).success).toBe(false)
})

describe('what a drill of the plan means', () => {
  const results = [done('critical', 'config', 20), done('critical', 'api', 200), done('high', 'db', 500), done('low', 'docs', 5)]

  test('all is well when every job came back in time, and every scenario adds up', () => {
    const report = judgePlan({ ...plan, scenarios: {} }, results, () => ({}), times)
    expect(report.passed).toBe(true)
    expect(report.jobs.map(({ name, rtoMet, rpoMet }) => [name, rtoMet, rpoMet])).toEqual([
      ['config', true, null],
      ['api', true, null],
      ['db', true, true],
      ['docs', null, null],
    ])
  })

  test('a scenario takes as long as all its jobs one after the other', () => {
    const { scenarios, passed, ...rest } = judgePlan(plan, results, () => ({}), times)
    expect(scenarios).toMatchObject([
      { name: 'redeploy', restoreSeconds: 720, rtoMet: false, rpoMet: true },
      { name: 'hardware', restoreSeconds: 725, rtoMet: true, rpoMet: null },
    ])
    expect(passed).toBe(false)
    expect(shortcomings({ scenarios, passed, ...rest })).toEqual(['redeploy took 12m, its RTO is 10m'])
  })

  test('the objectives of a job go before those of its tier', () => {
    const { jobs } = judgePlan(plan, results, (job) => (job === 'db' ? { rto: 400_000 } : {}), times)
    expect(jobs[2]).toMatchObject({ rtoSeconds: 400, rtoMet: false, rpoMet: true })
  })

  test('what cannot be brought back meets nothing, and the scenarios that need it fail by name', () => {
    const failed: StepResult = { tier: 'high', job: 'db', seconds: null, ageSeconds: null, items: 0, error: 'the disk is away' }
    const report = judgePlan(plan, [done('critical', 'config', 20), failed], () => ({}), times)
    expect(report.jobs[1]).toMatchObject({ rtoMet: false, rpoMet: false, error: 'the disk is away' })
    expect(report.scenarios[0]).toMatchObject({ error: 'db could not be brought back', restoreSeconds: null })
    expect(report.passed).toBe(false)
    expect(reportText(report, 'web-1')).toContain('- db: the disk is away')
    expect(reportText(report, 'web-1')).toContain('| high | db | 0 | - | 30m | - | 1d | FAILED |')
  })

  test('no job at all is no proof', () => {
    expect(judgePlan({ ...plan, scenarios: {} }, [], () => ({}), times).passed).toBe(false)
  })
})

import { describeError, NightshiftError } from '@nightshift/shared/errors'
import type { IntegrityConfig } from '../config/integrity-config.ts'
import type { Examiner, Finding, Repair } from './finding.ts'
import { judgeRule, maxRuleRows } from './rule.ts'

export interface IntegrityReport {
  readonly kind: IntegrityConfig['kind']
  /** Tables, indexes and rules that were looked at. */
  readonly checked: number
  readonly findings: readonly Finding[]
  /** Nothing damaged, no rule broken, and at least one thing looked at. */
  readonly isSound: boolean
}

export interface PlannedRepair extends Repair {
  readonly check: string
  /** Rows that would be changed; null where no rows are. */
  readonly rows: number | null
}

export interface DoneRepair extends PlannedRepair {
  /** Why it did not work. */
  readonly error: string | undefined
}

/** Looks at one database; changes nothing. */
export async function checkIntegrity(config: IntegrityConfig, signal: AbortSignal): Promise<IntegrityReport> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeout)])
  return await withExaminer(config, bounded, async (examiner) => await look(config, examiner, bounded))
}

/** What the repairs of a report would do. Statements that change rows are tried and taken back. */
export async function planRepairs(config: IntegrityConfig, report: IntegrityReport, signal: AbortSignal): Promise<PlannedRepair[]> {
  return await withExaminer(config, signal, async (examiner) => {
    const planned: PlannedRepair[] = []
    for (const { check, repair } of report.findings)
      if (repair !== undefined)
        planned.push({ ...repair, check, rows: repair.kind === 'rule' ? await examiner.tryOut(repair.statement) : null })
    return planned
  })
}

/** Does what was planned, and looks again. Only ever called because a person asked for it. */
export async function applyRepairs(
  config: IntegrityConfig,
  planned: readonly PlannedRepair[],
  signal: AbortSignal,
): Promise<{ done: DoneRepair[]; after: IntegrityReport }> {
  return await withExaminer(config, signal, async (examiner) => {
    const done: DoneRepair[] = []
    for (const repair of planned) {
      signal.throwIfAborted()
      try {
        const rows = await examiner.repair(repair)
        done.push({ ...repair, rows: repair.kind === 'rule' ? rows : null, error: undefined })
      } catch (error) {
        done.push({ ...repair, error: describeError(error) })
      }
    }
    return { done, after: await look(config, examiner, signal) }
  })
}

async function look(config: IntegrityConfig, examiner: Examiner, signal: AbortSignal): Promise<IntegrityReport> {
  const { checked, findings } = await examiner.examine()
  const broken: Finding[] = []
  for (const [name, rule] of Object.entries(config.rules)) {
    signal.throwIfAborted()
    try {
      const finding = judgeRule(name, rule, await examiner.ask(rule.query, maxRuleRows))
      if (finding !== undefined) broken.push(finding)
    } catch (error) {
      if (signal.aborted || (error instanceof NightshiftError && error.transient)) throw error
      broken.push({ check: `rule.${name}`, severity: 'error', detail: `the query cannot be run: ${describeError(error)}` })
    }
  }
  const all = [...findings, ...broken]
  const total = checked + Object.keys(config.rules).length
  return { kind: config.kind, checked: total, findings: all, isSound: total > 0 && all.every(({ severity }) => severity !== 'error') }
}

async function withExaminer<T>(config: IntegrityConfig, signal: AbortSignal, work: (examiner: Examiner) => Promise<T>): Promise<T> {
  const examiner = await openExaminer(config, signal)
  try {
    return await work(examiner)
  } finally {
    await examiner.close()
  }
}

async function openExaminer(config: IntegrityConfig, signal: AbortSignal): Promise<Examiner> {
  if (config.kind === 'sqlite') return (await import('./sqlite.ts')).openSqlite(config)
  if (config.kind === 'postgres') return await (await import('./postgres.ts')).openPostgres(config, signal)
  return await (await import('./mysql.ts')).openMysql(config, signal)
}

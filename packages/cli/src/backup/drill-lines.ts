import { shortcomings, type PlanReport } from '@nightshift/backup/recovery/plan-report'
import { planCells } from '@nightshift/backup/recovery/report-text'
import { lengthText } from './quantities.ts'
import { tableLines } from './table.ts'

/** How the drill of one job ended. */
export interface DrillRow {
  readonly job: string
  readonly snapshot: string | null
  readonly destination: string | null
  readonly items: number
  readonly restoreSeconds: number | null
  readonly rtoMet: boolean | null
  readonly error: string | null
}

const columns = [
  { title: 'JOB' },
  { title: 'VERDICT' },
  { title: 'SNAPSHOT' },
  { title: 'FROM' },
  { title: 'CHECKED', isNumber: true },
  { title: 'RESTORED IN', isNumber: true },
  { title: 'RTO' },
]

const planColumns = [
  { title: 'TIER' },
  { title: 'WHAT' },
  { title: 'CHECKED', isNumber: true },
  { title: 'RESTORED IN', isNumber: true },
  { title: 'RTO', isNumber: true },
  { title: 'AGE', isNumber: true },
  { title: 'RPO', isNumber: true },
  { title: 'VERDICT' },
]

/** The table, and below it what differs. Pure. */
export function drillLines(rows: readonly DrillRow[]): string[] {
  const cells = rows.map(({ job, snapshot, destination, items, restoreSeconds, rtoMet, error }) => [
    job,
    error === null ? 'proven' : 'FAILED',
    snapshot?.slice(0, 8) ?? '-',
    destination ?? '-',
    String(items),
    lengthText(restoreSeconds),
    rtoMet === null ? '-' : rtoMet ? 'met' : 'MISSED',
  ])
  return [...tableLines(columns, cells), ...rows.flatMap(({ job, error }) => (error === null ? [] : [`  ${job}: ${error}`]))]
}

/** The table of a drill of the recovery plan: jobs in the order of their tiers, then the scenarios. Pure. */
export function planLines(report: PlanReport): string[] {
  return [
    ...tableLines(planColumns, [...report.jobs, ...report.scenarios].map(planCells)),
    ...shortcomings(report).map((problem) => `  ${problem}`),
  ]
}

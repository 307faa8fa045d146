import { formatDuration } from '@nightshift/shared/config/scalars'
import { shortcomings, type PlanReport, type PlanRow } from './plan-report.ts'

const titles = ['Tier', 'What', 'Checked', 'Restored in', 'RTO', 'Age', 'RPO', 'Verdict']

/** The report of a recovery drill for people, in Markdown. */
export function reportText(report: PlanReport, host: string): string {
  const problems = shortcomings(report)
  const verdict = report.passed ? 'Everything was restored whole, and every objective was met.' : 'Not everything is as promised:'
  return [
    `# Recovery drill of ${host}`,
    '',
    `Began ${new Date(report.startedMs).toISOString()}, took ${formatDuration(report.durationMs)}. ${verdict}`,
    '',
    ...problems.map((problem) => `- ${problem}`),
    ...(problems.length === 0 ? [] : ['']),
    ...table(report.jobs),
    ...(report.scenarios.length === 0 ? [] : ['', '## Scenarios', '', ...table(report.scenarios)]),
    '',
  ].join('\n')
}

/** Cells of the table, for a terminal too. */
export function planCells(row: PlanRow): string[] {
  return [
    row.tier ?? '-',
    row.name,
    row.items === null ? '-' : String(row.items),
    lengthOf(row.restoreSeconds),
    lengthOf(row.rtoSeconds),
    lengthOf(row.ageSeconds),
    lengthOf(row.rpoSeconds),
    row.error !== null ? 'FAILED' : row.rtoMet === false ? 'too slow' : row.rpoMet === false ? 'too old' : 'ok',
  ]
}

function table(rows: readonly PlanRow[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map((row) => line(planCells(row)))]
}

/** Whole seconds above a minute, tenths below. */
function lengthOf(seconds: number | null): string {
  if (seconds === null) return '-'
  return formatDuration(seconds < 60 ? Math.round(seconds * 10) * 100 : Math.round(seconds) * 1000)
}

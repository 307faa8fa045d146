import type { RestoreOutcome } from '@nightshift/backup/restore/perform-restore'
import type { MemberPlan, RestorePlan } from '@nightshift/backup/restore/plan/restore-plan'
import { bytesText, lengthText, timeText } from './quantities.ts'

const maxFacts = 20

/** What a restore would do, as a person reads it. Pure. */
export function planLines(plan: RestorePlan, timezone: string): string[] {
  return [
    ...plan.members.flatMap((member) => memberLines(member, plan.mode, timezone)),
    ...(plan.apart_seconds === null ? [] : [`the snapshots are ${lengthText(plan.apart_seconds)} apart`]),
    'steps',
    ...plan.steps.map((step, at) => `  ${at + 1}. ${step}`),
  ]
}

function memberLines(member: MemberPlan, mode: RestorePlan['mode'], timezone: string): string[] {
  const { job, snapshot, destination, time, age_seconds: age, off_seconds: off, size_bytes: size, files, verified_time: verified } = member
  const offText = off === null ? '' : `, ${lengthText(off)} before the time asked for`
  const count = files === null ? '' : ` in ${files} files`
  return [
    `${job}: snapshot ${snapshot.slice(0, 8)} of ${timeText(time, timezone)}, ${lengthText(age)} old${offText}, in ${destination}`,
    `  size      ${bytesText(size)}${count}`,
    `  verified  ${verified === null ? 'never restored for a test' : timeText(verified, timezone)}`,
    ...member.targets.map(({ what, to, kept }) => `  ${what} -> ${to}${kept === null ? '' : `; what is there now -> ${kept}`}`),
    ...lossLines(member, mode),
  ]
}

function lossLines({ files_lost: files, facts_lost: facts }: MemberPlan, mode: RestorePlan['mode']): string[] {
  const lines: string[] = []
  if (files !== null) {
    const more = files.is_complete ? '' : ' (and more: not all was looked at)'
    lines.push(
      `  changes   ${files.changed} changed since, ${files.added} added since, ${files.missing} come back, ${files.unchanged} as they are${more}`,
    )
    lines.push(...files.examples.map((path) => `    now otherwise: ${path}`))
  }
  if (facts?.unreadable != null) lines.push(`  changes   cannot be counted now: ${facts.unreadable}`)
  else if (facts !== null) {
    if (facts.facts.length === 0) lines.push('  changes   as many rows now as then')
    for (const { fact, backed_up: backedUp, live } of facts.facts.slice(0, maxFacts))
      lines.push(`  ${fact}: ${backedUp ?? 'not there'} then, ${live ?? 'not there'} now`)
    if (facts.facts.length > maxFacts) lines.push(`  and ${facts.facts.length - maxFacts} more`)
  }
  if (mode === 'rows') lines.push('  rows that were added since stay')
  return lines
}

/** How a restore ended, as a person reads it. Pure. */
export function outcomeLines({ outcome, failure, problems, members, safety, seconds }: RestoreOutcome): string[] {
  if (outcome === 'undone') return [`failed: ${failure ?? ''}`, 'all is as it was before', ...problems.map((problem) => `but: ${problem}`)]
  if (outcome === 'stuck')
    return [
      `failed: ${failure ?? ''}`,
      ...problems.map((problem) => `could not be put back: ${problem}`),
      'correct that, then start any restore, or the service: it tries again to put everything back',
    ]
  return [
    ...members.flatMap(({ job, snapshot, restored, kept, files, bytes, checked, rows, notes }) => [
      `${job}: snapshot ${snapshot.slice(0, 8)} is restored: ${files} files, ${bytesText(bytes)}, ${checked} checked${rows === null ? '' : `, ${rows} rows`}`,
      ...restored.map((name) => `  now at      ${name}`),
      ...kept.map((name) => `  before it   ${name} (remove it when it is not needed any more)`),
      ...notes.map((note) => `  note: ${note}`),
    ]),
    ...safety.map((id) => `safety snapshot of what was live: ${id.slice(0, 8)}, kept 7 days`),
    `in ${lengthText(seconds)}`,
  ]
}

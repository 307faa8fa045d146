import { forwardSteps, type Mode, type StepKind } from '../course/course.ts'
import type { FactLosses } from './fact-losses.ts'
import type { FolderLosses } from './folder-losses.ts'

/** One job's part of a plan, as people and programs read it. */
export interface MemberPlan {
  job: string
  kind: string
  snapshot: string
  destination: string
  time: string
  age_seconds: number
  /** How much older than the time asked for. */
  off_seconds: number | null
  verified_time: string | null
  size_bytes: number | null
  files: number | null
  /** What is restored, what it is called afterwards, and where what is live now goes. */
  targets: { what: string; to: string; kept: string | null }[]
  files_lost: FolderLosses | null
  facts_lost: FactLosses | null
  warnings: string[]
}

/** What a restore would do. Nothing was changed to find out. */
export interface RestorePlan {
  name: string
  mode: Mode
  members: MemberPlan[]
  /** Seconds between the oldest and the newest member of a set. */
  apart_seconds: number | null
  steps: string[]
}

const said: Readonly<Record<StepKind, string>> = {
  stage: 'restore beside what is live, and compare it with the snapshot',
  safety: 'take a safety snapshot of what is live now (kept 7 days)',
  stop: 'run the commands of restore.before',
  swap: 'live steps aside, restored takes its place',
  place: 'give it its name',
  copy: 'copy the rows into the live table, in one transaction',
  start: 'run the commands of restore.after',
  check: 'look whether it is well; if not, put everything back as it was',
  revert: 'put everything back',
  discard: 'remove what was only beside',
}

/** The steps in words; those for which nothing is configured are left out. Pure. */
export function stepsInWords(
  course: { mode: Mode; withSafety: boolean },
  members: readonly { job: string; hasBefore: boolean; hasAfter: boolean; hasHealth: boolean }[],
): string[] {
  return forwardSteps({ ...course, members: members.length }).flatMap(({ kind, member }) => {
    const about = members[member]
    if (about === undefined) return []
    if ((kind === 'stop' && !about.hasBefore) || (kind === 'start' && !about.hasAfter) || (kind === 'check' && !about.hasHealth)) return []
    return [members.length > 1 ? `${about.job}: ${said[kind]}` : said[kind]]
  })
}

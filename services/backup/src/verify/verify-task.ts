import type { BackupConfig } from '../config.ts'

/** What is verified: a part of a destination's packs, a destination as a whole, the newest snapshot of a job. */
export interface VerifyTask {
  readonly kind: 'packs' | 'whole' | 'drill'
  readonly name: string
}

/** The name in the queue and in the state; no job can have it. */
export function taskKey({ kind, name }: VerifyTask): string {
  return `${kind} of ${name}`
}

export function taskOf(key: string): VerifyTask | undefined {
  const match = /^(packs|whole|drill) of (.+)$/.exec(key)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { kind: match[1] as VerifyTask['kind'], name: match[2] }
}

/** All that comes again and again, with its schedules. Pure. */
export function plannedTasks({ destinations, jobs, verify }: BackupConfig): { task: VerifyTask; crons: readonly string[] }[] {
  const names = Object.keys(destinations)
  const planned = [
    ...names.map((name) => ({ task: { kind: 'packs' as const, name }, crons: verify.packs.schedule })),
    ...names.map((name) => ({ task: { kind: 'whole' as const, name }, crons: verify.whole.schedule })),
    ...Object.entries(jobs).map(([name, { drill }]) => ({ task: { kind: 'drill' as const, name }, crons: drill.schedule ?? verify.drill })),
  ]
  return planned.filter(({ crons }) => crons.length > 0)
}

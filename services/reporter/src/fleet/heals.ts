import type { HealEvent } from '@nightshift/shared/events/heal'
import { clip, type Change, type FleetModel, type Heal, type HealStep } from './model.ts'

/** Steps of one run that are kept, the last ones: more than the attempts of any sane playbook. */
export const maxStepsPerHeal = 32
const maxOutputLength = 2000

/** A step of a heal, added to its run. */
export function reduceHeal(model: FleetModel, host: string | null, event: HealEvent): Change[] {
  const previous = model.heal.get(event.run)
  const step: HealStep = { phase: event.phase, attempt: event.attempt, time: event.time, reason: clipReason(event.reason) }
  if (previous !== undefined && (event.time < previous.changed_time || previous.steps.some((known) => isSameStep(known, step)))) return []
  const entry: Heal = {
    run: event.run,
    host,
    playbook: event.playbook,
    target: event.target,
    phase: event.phase,
    attempt: event.attempt,
    max_attempts: event.max_attempts,
    started_time: previous?.started_time ?? event.time,
    changed_time: event.time,
    reason: clipReason(event.reason),
    exit_code: event.exit_code ?? previous?.exit_code ?? null,
    output: event.output === null ? (previous?.output ?? null) : event.output.slice(-maxOutputLength),
    steps: [...(previous?.steps ?? []), step].slice(-maxStepsPerHeal),
  }
  return [{ kind: 'heal', id: event.run, entry }]
}

/** Whether the run has come to its end. A held run waits: it may still act. */
export function isHealOver(phase: HealStep['phase']): boolean {
  return phase === 'recovered' || phase === 'failed' || phase === 'escalated'
}

function isSameStep(a: HealStep, b: HealStep): boolean {
  return a.time === b.time && a.phase === b.phase && a.attempt === b.attempt
}

function clipReason(reason: string | null): string | null {
  return reason === null ? null : clip(reason, 300)
}

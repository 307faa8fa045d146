import { filterSubject } from '@nightshift/shared/subjects'
import type { FlippingTarget } from '@nightshift/test-servers/flipping-target'
import { Arrivals } from '../arrivals.ts'
import type { Connection } from '../bench-broker.ts'
import { waitUntil } from '../wait-until.ts'

interface Options {
  admin: Connection
  host: string
  /** Number i is what the check `healed-i` probes and the playbook `heal-i` heals. */
  targets: readonly FlippingTarget[]
  signal: AbortSignal
}

const answerMs = 10_000

/** Milliseconds on the way from a check's transition to failing to its heal, all as they come on the bus. */
export interface HealTimes {
  /** To the event `diagnosing`: the healer has read the transition, asked the collector once more and decided to act. */
  toDiagnosing: number[]
  /** To the event `acting`: diagnostics are saved, the lease is held; the command starts. */
  toActing: number[]
}

/** One heal at a time. */
export async function measureHeals({ admin, host, targets, signal }: Options): Promise<HealTimes> {
  const transitions = new Arrivals(admin, filterSubject('health', { host }))
  const heals = new Arrivals(admin, filterSubject('heal', { host }))
  await heals.ready()
  const times: HealTimes = { toDiagnosing: [], toActing: [] }
  for (const [index, target] of targets.entries()) {
    const check = `healed-${index}`
    await waitUntil(`${check} is probed`, () => target.answersSinceFlip >= 1, answerMs, signal)
    const nextPhase = (phase: string) => heals.next(({ event }) => event['target'] === check && event['phase'] === phase, answerMs, signal)
    const failing = transitions.next(({ event }) => event['check'] === check && event['state'] === 'failing', answerMs, signal)
    const all = Promise.all([failing, nextPhase('diagnosing'), nextPhase('acting')])
    target.flip()
    const [failed, diagnosing, acting] = await all
    times.toDiagnosing.push(diagnosing.atMs - failed.atMs)
    times.toActing.push(acting.atMs - failed.atMs)
    const recovered = nextPhase('recovered')
    target.flip()
    await recovered
  }
  return times
}

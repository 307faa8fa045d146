import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Bus } from '@nightshift/shared/bus/bus'
import { describeError, NightshiftError } from '@nightshift/shared/errors'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { rpcSubject } from '@nightshift/shared/subjects'
import type { VerifyPlan } from '../playbook/playbook.ts'
import type { Answer } from './answer.ts'

/** A check that hangs takes as long as its own timeout to say so. */
const askTimeoutMs = 120_000
const replySchema = z.object({
  ok: z.boolean().nullable(),
  error: z.string().nullable().optional(),
})

/** Runs the check once more and says what it saw. Never rejects. */
export type AskCheck = (check: string, timeoutMs: number) => Promise<Answer>

/** Asks the collector of this host. */
export function collectorAsker(bus: Bus, host: string): AskCheck {
  const subject = rpcSubject('collector', 'check', host, bus.namespace)
  return async (check, timeoutMs) => {
    try {
      const reply = replySchema.safeParse(await bus.request<unknown>(subject, { check }, timeoutMs))
      if (!reply.success)
        return {
          kind: 'unknown',
          reason: `the collector of ${host} gave an answer that says nothing of ${check}`,
        }
      const said = (reply.data.error ?? '').slice(0, 1024)
      if (reply.data.ok === null) return { kind: 'unknown', reason: said || `this host cannot run the check ${check}` }
      return reply.data.ok
        ? { kind: 'healthy', reason: `check ${check} passes` }
        : { kind: 'failing', reason: said || `check ${check} fails` }
    } catch (error) {
      const silent = error instanceof NightshiftError && (error.code === 'no_responder' || error.code === 'timeout')
      return {
        kind: 'unknown',
        reason: silent ? `the collector of ${host} does not answer` : `the collector of ${host} cannot be asked: ${describeError(error)}`,
      }
    }
  }
}

/**
 * Whether the check is failing right now. The first answer that is not good decides; a good one only counts when it is confirmed as often
 * as a verification wants it, so that a flapping check is not taken for a healthy one.
 */
export async function precheck(ask: AskCheck, check: string, plan: VerifyPlan, signal: AbortSignal): Promise<Answer> {
  for (let passes = 0; passes < plan.passes; passes++) {
    if (passes > 0) await sleep(plan.everyMs, undefined, { signal })
    const answer = await ask(check, askTimeoutMs)
    if (answer.kind !== 'healthy') return answer
  }
  return { kind: 'healthy', reason: `check ${check} passed ${plan.passes} times in a row` }
}

/** Asks until the check has passed often enough in a row, or the time is over. Silence is no recovery. */
export async function verify(ask: AskCheck, check: string, plan: VerifyPlan, signal: AbortSignal): Promise<Answer> {
  const deadline = performance.now() + plan.withinMs
  let passes = 0
  let worst: Answer = { kind: 'unknown', reason: `nobody says how ${check} is` }
  for (;;) {
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) break
    const answer = await ask(check, Math.max(1, Math.min(askTimeoutMs, Math.ceil(leftMs))))
    passes = answer.kind === 'healthy' ? passes + 1 : 0
    if (passes >= plan.passes) return { kind: 'healthy', reason: `check ${check} passed ${passes} times in a row` }
    if (answer.kind === 'failing' || (answer.kind === 'unknown' && worst.kind === 'unknown')) worst = answer
    await sleep(Math.min(plan.everyMs, Math.max(0, deadline - performance.now())), undefined, {
      signal,
    })
  }
  if (worst.kind === 'unknown' && passes > 0)
    return {
      kind: 'failing',
      reason: `check ${check} passed ${passes} of ${plan.passes} times within ${formatDuration(plan.withinMs)}`,
    }
  return {
    kind: worst.kind,
    reason: `not healthy within ${formatDuration(plan.withinMs)}: ${worst.reason}`,
  }
}

import type { Policy } from './playbook.ts'

const jitterShare = 0.2

/** Wait before an attempt (counted from 1), lengthened by up to 20 % so that healers of many hosts do not act in step; the same for the same run. */
export function backoffMs(policy: Policy, attempt: number, runId: string): number {
  const base = policy.backoffMs[Math.min(attempt, policy.backoffMs.length) - 1] ?? 0
  let hash = attempt
  for (let i = 0; i < runId.length; i++) hash = (hash * 31 + runId.charCodeAt(i)) % 1000
  return Math.round(base * (1 + (jitterShare * hash) / 1000))
}

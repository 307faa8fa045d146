import type { HealerConfig } from '../config.ts'
import type { CommandSpec } from '../actions/command.ts'

/** What the reducer and the rails need to know of a playbook. */
export interface Policy {
  mode: 'dry_run' | 'auto'
  attempts: number
  windowMs: number
  /** Wait before attempt 1, 2...; the last one repeats. */
  backoffMs: readonly number[]
  cooldownMs: number
  maxHoldMs: number
}

export interface VerifyPlan {
  passes: number
  withinMs: number
  everyMs: number
}

/** One playbook of the local configuration. `action` names an entry of actions/registry.ts. */
export interface Playbook {
  name: string
  check: string
  policy: Policy
  verify: VerifyPlan
  action: { kind: 'run'; spec: CommandSpec }
}

/** The playbooks of the configuration, by the check that sets them off. */
export function playbooksByCheck(config: HealerConfig): Map<string, Playbook> {
  const playbooks = new Map<string, Playbook>()
  for (const [name, entry] of Object.entries(config.playbooks)) {
    playbooks.set(entry.when.check, {
      name,
      check: entry.when.check,
      policy: {
        mode: entry.mode,
        attempts: entry.attempts,
        windowMs: entry.window,
        backoffMs: entry.backoff,
        cooldownMs: entry.cooldown,
        maxHoldMs: config.max_hold,
      },
      verify: {
        passes: entry.verify.passes,
        withinMs: entry.verify.within,
        everyMs: entry.verify.every,
      },
      action: {
        kind: 'run',
        spec: {
          argv: entry.run,
          cwd: entry.cwd ?? '/',
          env: entry.env,
          timeoutMs: entry.timeout,
          detach: entry.detach,
        },
      },
    })
  }
  return playbooks
}

/** Stands in for a playbook that is gone, so that its run can be ended. It acts on nothing. */
export function absentPlaybook(run: { playbook: string; target: string }): Playbook {
  return {
    name: run.playbook,
    check: run.target,
    policy: {
      mode: 'dry_run',
      attempts: 0,
      windowMs: 0,
      backoffMs: [0],
      cooldownMs: 0,
      maxHoldMs: 0,
    },
    verify: { passes: 1, withinMs: 1, everyMs: 1 },
    action: { kind: 'run', spec: { argv: [], cwd: '/', env: [], timeoutMs: 0, detach: false } },
  }
}

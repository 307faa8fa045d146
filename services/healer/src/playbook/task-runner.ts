import { join } from 'node:path'
import type { Bus, Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import { encodeToken } from '@nightshift/shared/host-token'
import type { ActionResult } from '../actions/action.ts'
import { ActionCeiling } from '../actions/ceiling.ts'
import { killGraceMs } from '../actions/command.ts'
import { waitForOrphan } from '../actions/process-group.ts'
import { actions } from '../actions/registry.ts'
import type { Control } from '../control/control-record.ts'
import { saveSnapshot } from '../diagnostics/archive.ts'
import { takeSnapshot } from '../diagnostics/snapshot.ts'
import { precheck, verify, type AskCheck } from '../verify/collector-check.ts'
import type { HealerInput, Surroundings, Task } from './decide.ts'
import type { Playbook } from './playbook.ts'
import type { Run } from './run.ts'

interface TaskPorts {
  bus: Bus
  clock: Clock
  stateDir: string
  readControl: () => Promise<Control>
  ask: AskCheck
  /** News of a run from a task that goes on. */
  report: (runId: string, input: HealerInput) => void
}

const lockTimeoutMs = 10_000

/** Carries out what the reducer asks for, and answers with the input it led to. Holds the leases between lock and unlock. */
export class TaskRunner {
  private readonly ports: TaskPorts
  private readonly ceiling: ActionCeiling
  private readonly leases = new Map<string, Lease>()

  constructor(ports: TaskPorts) {
    this.ports = ports
    this.ceiling = new ActionCeiling(ports.clock)
  }

  /** `soft` ends everything but an action; `hard` ends that too. Undefined: nothing to say. */
  async perform(
    task: Task,
    playbook: Playbook,
    around: Surroundings,
    soft: AbortSignal,
    hard: AbortSignal,
  ): Promise<HealerInput | undefined> {
    const { run, effect } = task
    switch (effect.kind) {
      case 'gate':
        return {
          kind: 'control',
          control: await orAbort(
            this.ports.readControl().catch(() => undefined),
            soft,
          ),
        }
      case 'precheck':
        return {
          kind: 'prechecked',
          answer: await orAbort(precheck(this.ports.ask, run.target, playbook.verify, soft), soft),
        }
      case 'diagnose':
        return this.diagnose(run, effect.checkSaid)
      case 'lock':
        return this.lock(run, around, soft)
      case 'unlock':
        await this.unlock(run.id)
        return undefined
      case 'act':
        return { kind: 'acted', result: await this.act(run, playbook, around, hard) }
      case 'verify':
        if (run.process !== null) {
          const remainingMs = Math.min(run.process.untilMs - this.ports.clock.now(), playbook.action.spec.timeoutMs)
          await waitForOrphan(run.process, Math.max(0, remainingMs), killGraceMs, soft)
        }
        return {
          kind: 'verified',
          answer: await orAbort(verify(this.ports.ask, run.target, playbook.verify, soft), soft),
        }
      case 'wait':
        return undefined
    }
  }

  async unlock(runId: string): Promise<void> {
    const lease = this.leases.get(runId)
    this.leases.delete(runId)
    await lease?.release()
  }

  async unlockAll(): Promise<void> {
    await Promise.allSettled([...this.leases.keys()].map((runId) => this.unlock(runId)))
  }

  private async diagnose(run: Run, checkSaid: string): Promise<HealerInput> {
    const subject = {
      run: run.id,
      playbook: run.playbook,
      check: run.target,
      attempt: run.attempt + 1,
      checkSaid,
    }
    try {
      const text = await takeSnapshot(subject, this.ports.clock.now())
      return {
        kind: 'diagnosed',
        file: await saveSnapshot(join(this.ports.stateDir, 'diagnostics'), run.id, text),
        reason: null,
      }
    } catch (error) {
      return {
        kind: 'diagnosed',
        file: null,
        reason: `no diagnostics were saved: ${describeError(error)}`,
      }
    }
  }

  private async lock(run: Run, around: Surroundings, soft: AbortSignal): Promise<HealerInput> {
    const { host, source } = around.speaker
    const signal = AbortSignal.any([soft, AbortSignal.timeout(lockTimeoutMs)])
    try {
      const lease = await this.ports.bus.acquireLease({
        key: `healer.${encodeToken(host)}.${run.playbook}`,
        holder: source,
        signal,
      })
      if (soft.aborted) await lease.release()
      soft.throwIfAborted()
      this.leases.set(run.id, lease)
      return { kind: 'locked', token: lease.token }
    } catch (error) {
      soft.throwIfAborted()
      return {
        kind: 'not_locked',
        reason: `the lease of ${run.playbook} cannot be had: ${describeError(error)}`,
      }
    }
  }

  private async act(run: Run, playbook: Playbook, around: Surroundings, hard: AbortSignal): Promise<ActionResult> {
    const refuse = (summary: string): ActionResult => ({
      kind: 'refused',
      failed: true,
      summary,
      output: null,
      exitCode: null,
      durationSeconds: 0,
    })
    if (this.leases.get(run.id)?.holds() !== true) return refuse('the lease was lost before the action could begin')
    if (!this.ceiling.admits(around.rate)) return refuse('more actions than the ceiling of this host admits')
    const { kind, spec } = playbook.action
    return actions[kind](spec, {
      facts: {
        NIGHTSHIFT_HOST: around.speaker.host,
        NIGHTSHIFT_PLAYBOOK: run.playbook,
        NIGHTSHIFT_CHECK: run.target,
        NIGHTSHIFT_RUN: run.id,
        NIGHTSHIFT_ATTEMPT: String(run.attempt),
      },
      signal: hard,
      onSpawn: (process) => {
        if (spec.detach) return
        this.ports.report(run.id, {
          kind: 'spawned',
          process: { ...process, untilMs: this.ports.clock.now() + spec.timeoutMs },
        })
      },
    })
  }
}

/** Rejects when the signal comes first; a question on the bus that is still open is then nobody's concern. */
async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

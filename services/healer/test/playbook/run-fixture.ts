import type { HealthEvent } from '@nightshift/shared/events/health'
import type { Surroundings } from '../../src/playbook/decide.ts'
import type { Playbook } from '../../src/playbook/playbook.ts'
import type { Run } from '../../src/playbook/run.ts'

export const startMs = Date.parse('2026-11-21T03:00:00.000Z')

export function playbookFixture(check: string, change: Partial<Playbook['policy']> = {}): Playbook {
  return {
    name: `restart-${check}`,
    check,
    policy: {
      mode: 'auto',
      attempts: 3,
      windowMs: 900_000,
      backoffMs: [0, 30_000, 120_000],
      cooldownMs: 60_000,
      maxHoldMs: 86_400_000,
      ...change,
    },
    verify: { passes: 3, withinMs: 30_000, everyMs: 1000 },
    action: { kind: 'run', spec: { argv: ['true'], cwd: '/', env: [], timeoutMs: 30_000, detach: false } },
  }
}

export const surroundings: Surroundings = {
  speaker: { host: 'web-1', source: 'healer@web-1', namespace: 'ops' },
  rate: { actions: 4, perMs: 600_000 },
  maxAgeMs: 600_000,
}

export function runFixture(change: Partial<Run> = {}): Run {
  return {
    id: '01JD0000000000000000000RUN',
    playbook: 'restart-web',
    target: 'web',
    trigger: { subject: 'ops.health.web-1.web', eventId: '01JD0000000000000000000004' },
    correlationId: '01JD0000000000000000000002',
    stale: false,
    phase: 'detected',
    health: 'failing',
    attempt: 0,
    startedMs: startMs,
    phaseSinceMs: startMs,
    dueMs: null,
    held: null,
    heldReasons: [],
    diagnosed: 0,
    unverified: false,
    settleUntilMs: null,
    withdrawn: null,
    process: null,
    action: null,
    reason: null,
    edges: 0,
    ...change,
  }
}

export function healthFixture(id: string, change: Partial<HealthEvent> = {}): HealthEvent {
  return {
    v: 1,
    id,
    time: new Date(startMs).toISOString(),
    host: 'web-1',
    source: 'collector@web-1',
    correlation_id: `c-${id}`,
    check: 'web',
    kind: 'http',
    state: 'failing',
    previous: 'ok',
    consecutive: 3,
    error: 'connection refused',
    check_event_id: null,
    ...change,
  }
}

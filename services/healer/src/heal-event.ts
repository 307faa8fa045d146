import { isoTime } from '@nightshift/shared/clock'
import type { AuditEvent } from '@nightshift/shared/events/audit'
import type { HealEvent } from '@nightshift/shared/events/heal'
import { derivedId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import type { RunEffect } from './playbook/edges.ts'
import type { Policy } from './playbook/playbook.ts'
import type { Run } from './playbook/run.ts'
import type { OutboxEntry } from './state/healer-state.ts'

/** Who speaks. */
export interface Speaker {
  host: string
  source: string
  namespace: string
}

const maxReasonLength = 2048

/** An edge of a run as its event. The id comes from the run and the number of the edge: told twice, it is the same event. */
export function healEntry(
  speaker: Speaker,
  run: Run,
  policy: Policy,
  effect: Extract<RunEffect, { kind: 'publish' }>,
  now: number,
): OutboxEntry {
  const { edge, number, attempt } = effect
  const event: HealEvent = {
    v: 1,
    id: derivedId(now, run.id, 'heal', String(number)),
    time: isoTime(now),
    host: speaker.host,
    source: speaker.source,
    correlation_id: run.correlationId,
    playbook: run.playbook,
    phase: edge.phase,
    run: run.id,
    attempt,
    max_attempts: policy.attempts,
    trigger: { subject: run.trigger.subject, event_id: run.trigger.eventId },
    target: run.target,
    reason: edge.reason?.slice(0, maxReasonLength) ?? null,
    output: edge.output ?? null,
    exit_code: edge.exitCode ?? null,
    duration_seconds: edge.durationSeconds ?? null,
  }
  return {
    subject: buildSubject({ kind: 'heal', host: speaker.host, playbook: run.playbook, phase: edge.phase }, speaker.namespace),
    event: { ...event },
  }
}

interface AuditFacts {
  correlationId: string
  target: string
  action: string
  outcome: AuditEvent['outcome']
  reason: string | null
  /** What makes this entry the same when it is made again. */
  facts: readonly string[]
}

export function auditEntry(speaker: Speaker, audit: AuditFacts, now: number): OutboxEntry {
  const event: AuditEvent = {
    v: 1,
    id: derivedId(now, 'audit', audit.action, ...audit.facts),
    time: isoTime(now),
    host: speaker.host,
    source: speaker.source,
    correlation_id: audit.correlationId,
    service: 'healer',
    actor: speaker.source.slice(0, 128),
    action: audit.action,
    target: audit.target,
    outcome: audit.outcome,
    reason: audit.reason?.slice(0, maxReasonLength) ?? null,
  }
  return {
    subject: buildSubject({ kind: 'audit', service: 'healer' }, speaker.namespace),
    event: { ...event },
  }
}

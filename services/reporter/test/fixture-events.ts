import { isoTime } from '@nightshift/shared/clock'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { newId } from '@nightshift/shared/ids'
import { buildSubject, type Address } from '@nightshift/shared/subjects'

/** Hand-written events, as the other services publish them. */
export const startMs = Date.parse('2026-11-21T12:00:00.000Z')
export const gibibyte = 1024 ** 3

type Body = Record<string, unknown>

export interface Message {
  address: Address
  subject: string
  event: Body & { id: string }
}

export function message(address: Address, body: Body, atMs = startMs): Message {
  const id = newId(atMs)
  const host = 'host' in address ? address.host : null
  const envelope = { v: 1, id, time: isoTime(atMs), host, source: 'fixture@test', correlation_id: id }
  return { address, subject: buildSubject(address), event: { ...envelope, ...body, id: typeof body['id'] === 'string' ? body['id'] : id } }
}

/** The message as a reader gets it: validated. */
export function receive({ subject, event }: Message): Received {
  return parseEvent(subject, new TextEncoder().encode(JSON.stringify(event)))
}

export function metric(host: string, group: string, body: Body, atMs?: number): Message {
  return message({ kind: 'metric', host, group }, { group, ...body }, atMs)
}

export function cpu(host: string, usage: number | null, atMs?: number): Message {
  return metric(host, 'cpu', { fields: { usage_ratio: usage, iowait_ratio: 0, steal_ratio: 0, cores: 4 } }, atMs)
}

export function checkResult(host: string, check: string, ok: boolean | null, atMs?: number, body: Body = {}): Message {
  return message(
    { kind: 'check', host, check },
    { check, kind: 'http', ok, latency_seconds: 0.004, error: ok === false ? 'connection refused' : null, detail: {}, ...body },
    atMs,
  )
}

export function health(host: string, check: string, state: string, previous: string | null, atMs?: number, body: Body = {}): Message {
  const error = state === 'failing' ? 'connection refused' : null
  return message(
    { kind: 'health', host, check },
    { check, kind: 'http', state, previous, consecutive: 3, error, check_event_id: null, ...body },
    atMs,
  )
}

export function alert(host: string | null, rule: string, phase: string, atMs = startMs, body: Body = {}): Message {
  const fixed = { rule, phase, fingerprint: `${rule}@${host}`, epoch: 'e1', severity: 'critical', labels: {}, summary: `${rule} is wrong` }
  const open = { value: null, threshold: null, started_time: isoTime(atMs), reason: null, runbook: null }
  return message({ kind: 'alert', host, rule, phase }, { ...fixed, ...open, ...body }, atMs)
}

export function heal(host: string, run: string, phase: string, attempt: number, atMs?: number, body: Body = {}): Message {
  const fixed = {
    playbook: 'restart-web',
    phase,
    run,
    attempt,
    max_attempts: 3,
    trigger: { subject: `ops.health.${host}.web`, event_id: 'e' },
    target: 'web',
  }
  const open = { reason: null, output: null, exit_code: null, duration_seconds: null }
  return message({ kind: 'heal', host, playbook: 'restart-web', phase }, { ...fixed, ...open, ...body }, atMs)
}

export function heartbeat(host: string, service: string, atMs = startMs, body: Body = {}): Message {
  const fixed = { service, instance: 'i1', version: '0.1.0', pid: 1, started_time: isoTime(atMs), interval_seconds: 10 }
  return message({ kind: 'agent', host, service }, { ...fixed, state: 'ready', reasons: [], self: {}, ...body }, atMs)
}

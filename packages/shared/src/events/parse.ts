import { ContractError } from '../errors.ts'
import { parseSubject, type Address, type Kind } from '../subjects.ts'
import { eventSchemas, type EventOf } from './registry.ts'

/** Larger than anything we publish; what is longer is not looked at. */
export const maxPayloadBytes = 1_048_576

/** A message that passed: its address and its body agree. */
export type Received = { [K in Kind]: { kind: K; subject: string; address: Extract<Address, { kind: K }>; event: EventOf<K> } }[Kind]

/** Fields of the payload that repeat a token of the subject, by kind. The subject is the authority. */
const repeated: Partial<Record<Kind, Record<string, string>>> = {
  metric: { group: 'group' },
  check: { check: 'check' },
  agent: { service: 'service' },
  health: { check: 'check' },
  alert: { rule: 'rule', phase: 'phase' },
  notify: { channel: 'channel', outcome: 'outcome' },
  heal: { playbook: 'playbook', phase: 'phase' },
  backup: { job: 'job', phase: 'phase' },
  report: { period: 'period', phase: 'phase' },
  change: { what: 'what' },
  log: { source: 'log_source', level: 'level' },
  progress: { job: 'job' },
  audit: { service: 'service' },
  dead: { service: 'service' },
}

/**
 * One message of the bus, validated. Throws ContractError with a stable code: `bad_subject`, `too_large`, `bad_json`, `schema`,
 * `host_mismatch`, `subject_mismatch`. The same message will always fail.
 */
export function parseEvent(subject: string, data: Uint8Array, namespace?: string): Received {
  const address = parseSubject(subject, namespace)
  if (address === undefined) throw new ContractError('bad_subject', `${subject} is not a subject of the contract`)
  if (data.byteLength > maxPayloadBytes)
    throw new ContractError('too_large', `${data.byteLength} bytes on ${subject}; the limit is ${maxPayloadBytes}`)
  const parsed = eventSchemas[address.kind].safeParse(parseJson(subject, data))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ContractError('schema', `${subject}: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`)
  }
  const event = parsed.data as Record<string, unknown>
  if ('host' in address && normalizeHost(event['host']) !== address.host) {
    throw new ContractError('host_mismatch', `${subject} carries an event of host ${String(event['host'])}`)
  }
  for (const [token, field] of Object.entries(repeated[address.kind] ?? {})) {
    if (event[field] !== (address as Record<string, unknown>)[token]) {
      throw new ContractError('subject_mismatch', `${subject} carries ${field} ${String(event[field]).slice(0, 128)}`)
    }
  }
  return { kind: address.kind, subject, address, event } as Received
}

function normalizeHost(host: unknown): unknown {
  return typeof host === 'string' ? host.toLowerCase() : host
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseJson(subject: string, data: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(data))
  } catch (cause) {
    throw new ContractError('bad_json', `${subject}: not JSON in UTF-8`, { cause })
  }
}

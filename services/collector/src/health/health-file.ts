import type { HealthEvent } from '@nightshift/shared/events/health'
import { ContractError } from '@nightshift/shared/errors'
import { isObject, parseObject } from '../json-object.ts'
import { assertNotNewer, readIfThere, replaceFile } from '../state-files/state-file.ts'
import type { CheckHealth } from './transition.ts'

/** Version of the file. Older ones are turned into this one when they are read. */
const schemaVersion = 1

/** What survives a restart. */
export interface HealthRecord {
  readonly host: string
  readonly checks: ReadonlyMap<string, CheckHealth>
  /** Decided, and perhaps not on the bus yet, in order. */
  readonly outbox: readonly HealthEvent[]
}

/**
 * The record of an earlier run; undefined when there is none. Throws ContractError `health_file` when it cannot be understood, and
 * ConflictError `newer_state` when a newer version of this program wrote it.
 */
export async function readHealthFile(path: string): Promise<HealthRecord | undefined> {
  const text = await readIfThere(path)
  return text === undefined ? undefined : parseHealthRecord(text, path)
}

/** Whole or not at all, and on the disk when it resolves. */
export async function writeHealthFile(path: string, record: HealthRecord): Promise<void> {
  const checks = Object.fromEntries([...record.checks].map(([name, health]) => [name, toJson(health)]))
  const text = JSON.stringify({ schema_version: schemaVersion, host: record.host, checks, outbox: record.outbox })
  await replaceFile(path, async (file) => await file.writeFile(text))
}

export function parseHealthRecord(text: string, path: string): HealthRecord {
  const value = parseObject(text)
  if (value === undefined) throw broken(path)
  assertNotNewer(value['schema_version'], schemaVersion, path)
  const { host, checks, outbox } = value
  if (value['schema_version'] !== schemaVersion || typeof host !== 'string' || !isObject(checks) || !Array.isArray(outbox))
    throw broken(path)
  return {
    host,
    checks: new Map(Object.entries(checks).map(([name, health]) => [name, fromJson(health, path)])),
    outbox: outbox.map((event) => checkEvent(event, path)),
  }
}

function toJson({ kind, state, failures, successes, correlationId, transitions }: CheckHealth): Record<string, unknown> {
  return { kind, state, failures, successes, correlation_id: correlationId, transitions }
}

function fromJson(value: unknown, path: string): CheckHealth {
  if (!isObject(value)) throw broken(path)
  const { kind, state, failures, successes, correlation_id: correlationId, transitions } = value
  const isState = state === null || state === 'ok' || state === 'failing' || state === 'unknown'
  const isCorrelation = correlationId === null || typeof correlationId === 'string'
  if (typeof kind !== 'string' || !isState || !isCorrelation || !isCount(failures) || !isCount(successes) || !isCount(transitions))
    throw broken(path)
  return { kind, state, failures, successes, correlationId, transitions }
}

/** We wrote it ourselves; only what the sending relies on is looked at. */
function checkEvent(value: unknown, path: string): HealthEvent {
  if (!isObject(value) || typeof value['id'] !== 'string' || typeof value['check'] !== 'string') throw broken(path)
  return value as unknown as HealthEvent
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function broken(path: string): ContractError {
  return new ContractError('health_file', `${path} is not a record of check states`)
}

import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { HealthEvent } from '@nightshift/shared/events/health'
import { ConflictError, ContractError } from '@nightshift/shared/errors'
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
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return parseHealthRecord(text, path)
}

/** Whole or not at all, and on the disk when it resolves. */
export async function writeHealthFile(path: string, record: HealthRecord): Promise<void> {
  const checks = Object.fromEntries([...record.checks].map(([name, health]) => [name, toJson(health)]))
  const temporary = `${path}.tmp`
  {
    await using file = await open(temporary, 'w', 0o600)
    await file.writeFile(JSON.stringify({ schema_version: schemaVersion, host: record.host, checks, outbox: record.outbox }))
    await file.sync()
  }
  await rename(temporary, path)
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

export function parseHealthRecord(text: string, path: string): HealthRecord {
  const value = parseObject(text, path)
  if (typeof value['schema_version'] === 'number' && value['schema_version'] > schemaVersion) {
    throw new ConflictError(
      'newer_state',
      `${path} was written by a newer version (${value['schema_version']}): start that one, or move the file away`,
    )
  }
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

function parseObject(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch (cause) {
    throw broken(path, cause)
  }
  throw broken(path)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function broken(path: string, cause?: unknown): ContractError {
  return new ContractError('health_file', `${path} is not a record of check states`, { cause })
}

import { open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { ChangeEvent } from '@nightshift/shared/events/change'
import { ContractError } from '@nightshift/shared/errors'
import { isObject } from '../json-object.ts'
import { assertNotNewer, replaceFile } from '../state-files/state-file.ts'
import type { Recent } from './judge.ts'
import type { Facts } from './look.ts'

/** Version of the file. Older ones are turned into this one when they are read. */
const schemaVersion = 1
/** Lines that are written or read before other work gets its turn. */
const sliceLines = 500

/** What is known of one aspect from the looks before. */
export interface Baseline {
  readonly host: string
  /** Looks that found a difference, so that each has events with ids of their own. */
  readonly number: number
  readonly parts: ReadonlyMap<string, Facts>
  readonly recent: readonly Recent[]
  /** Decided, and perhaps not on the bus yet, in order. */
  readonly outbox: readonly ChangeEvent[]
}

/**
 * Undefined when there is none. Throws ContractError `posture_file` when it cannot be understood, and ConflictError `newer_state` when a
 * newer version of this program wrote it. The first line says what it is; then each part by its name, and its facts, a line each.
 */
export async function readBaseline(path: string): Promise<Baseline | undefined> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  await using opened = file
  const parts = new Map<string, Facts>()
  let head: Omit<Baseline, 'parts'> | undefined
  let facts: Facts | undefined
  let lines = 0
  for await (const line of opened.readLines()) {
    if (++lines % sliceLines === 0) await setImmediate()
    const value = parseLine(line, path)
    if (head === undefined) head = readHead(value, path)
    else if (typeof value === 'string') parts.set(value, (facts = new Map()))
    else addFact(facts, value, path)
  }
  if (head === undefined) throw broken(path)
  return { ...head, parts }
}

/** Whole or not at all, and on the disk when it resolves. */
export async function writeBaseline(path: string, { host, number, parts, recent, outbox }: Baseline): Promise<void> {
  await replaceFile(path, async (file) => {
    let lines = [JSON.stringify({ schema_version: schemaVersion, host, number, recent: recent.map(recentToJson), outbox })]
    for (const [part, facts] of parts) {
      lines.push(JSON.stringify(part))
      for (const [item, { text, digest }] of facts) {
        lines.push(JSON.stringify(digest === undefined ? [item, text] : [item, text, digest]))
        if (lines.length < sliceLines) continue
        await file.appendFile(`${lines.join('\n')}\n`)
        lines = []
      }
    }
    if (lines.length > 0) await file.appendFile(`${lines.join('\n')}\n`)
  })
}

function recentToJson({ text, epochMs }: Recent): [text: string, epochMs: number] {
  return [text, epochMs]
}

function readHead(value: unknown, path: string): Omit<Baseline, 'parts'> {
  if (!isObject(value)) throw broken(path)
  const { schema_version: version, host, number, recent, outbox } = value
  assertNotNewer(version, schemaVersion, path)
  const isOurs = version === schemaVersion && typeof host === 'string' && typeof number === 'number'
  if (!isOurs || !Array.isArray(recent) || !Array.isArray(outbox)) throw broken(path)
  return { host, number, recent: recent.map((each) => readRecent(each, path)), outbox: outbox.map((event) => readEvent(event, path)) }
}

function readRecent(value: unknown, path: string): Recent {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || typeof value[1] !== 'number') throw broken(path)
  return { text: value[0], epochMs: value[1] }
}

/** We wrote it ourselves; only what the sending relies on is looked at. */
function readEvent(value: unknown, path: string): ChangeEvent {
  if (!isObject(value) || typeof value['id'] !== 'string' || typeof value['what'] !== 'string') throw broken(path)
  return value as unknown as ChangeEvent
}

function addFact(facts: Facts | undefined, value: unknown, path: string): void {
  if (facts === undefined || !Array.isArray(value)) throw broken(path)
  const [item, text, digest] = value as unknown[]
  if (typeof item !== 'string' || !(typeof text === 'string' || text === null)) throw broken(path)
  facts.set(item, typeof digest === 'string' ? { text, digest } : { text })
}

function parseLine(line: string, path: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw broken(path, cause)
  }
}

function broken(path: string, cause?: unknown): ContractError {
  return new ContractError('posture_file', `${path} is not what is known of a host's security`, { cause })
}

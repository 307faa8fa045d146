import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ChangeEvent } from '@nightshift/shared/events/change'
import { ContractError } from '@nightshift/shared/errors'
import type { Origin } from '../envelope.ts'
import type { Log } from '../log.ts'
import { readBaseline, writeBaseline, type Baseline } from './baseline-file.ts'
import { changeEvents } from './change-event.ts'
import { compare, differenceText, type Difference } from './difference.ts'
import type { Recent } from './judge.ts'
import type { Look } from './look.ts'

/** Differences that are remembered as new. */
const maxRecent = 100
/** While so many events wait for a bus and a spool that take nothing, no further differences are looked for; they are found later. */
const maxOutbox = 500

export interface MemoryOptions {
  origin: Origin
  log: Log
  /** Resolves when the bus, or its spool, has the event. */
  publish(event: ChangeEvent): Promise<unknown>
}

export interface Remembered {
  /** Differences that still count as new. */
  readonly recent: readonly Recent[]
  /** Found by this look. */
  readonly found: number
  readonly published: number
  /** Why the looks before are not known or the present one is not remembered; empty when all is well. */
  readonly trouble: string
}

/**
 * Compares a look with those before, announces each difference once, and remembers it. The differences are written down together with what
 * the next look is compared with before any is published, and crossed out afterwards: a crash in between makes them go out again under the
 * same ids. What cannot be written down is not published either; the next look finds it again.
 */
export async function remember(
  path: string,
  aspect: string,
  look: Look,
  rules: { nowMs: number; alertForMs: number; isIgnored(item: string): boolean },
  options: MemoryOptions,
): Promise<Remembered> {
  const { origin, log } = options
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const before = await readKnown(path, options)
  const isFull = (before?.outbox.length ?? 0) >= maxOutbox
  const { differences, parts } = isFull
    ? { differences: [], parts: before?.parts ?? new Map() }
    : compare(before?.parts, look.parts, { newPartsAreNews: look.newPartsAreNews, isIgnored: (item) => rules.isIgnored(item) })
  const number = (before?.number ?? 0) + (differences.length > 0 ? 1 : 0)
  const events = changeEvents(origin, aspect, differences, { number, epochMs: rules.nowMs })
  const recent = recentOf(before?.recent ?? [], differences, rules)
  const known: Baseline = { host: origin.host, number, parts, recent, outbox: [...(before?.outbox ?? []), ...events] }
  await writeBaseline(path, known)
  for (const event of events) log.warn({ aspect, correlation_id: event.correlation_id }, `security: ${event.summary}`)
  const published = await publishAll(path, known, options)
  return { recent, found: differences.length, published, trouble: isFull ? `${maxOutbox} events of ${aspect} cannot be published` : '' }
}

/** Sends what waits, and gives how many went. What does not go stays written down. */
async function publishAll(path: string, known: Baseline, options: MemoryOptions): Promise<number> {
  if (known.outbox.length === 0) return 0
  let published = 0
  try {
    for (const event of known.outbox) {
      await options.publish(event)
      published++
    }
  } catch (error) {
    options.log.error({ error, waiting: known.outbox.length - published }, 'a security difference cannot be published or spooled; it waits')
  }
  await writeBaseline(path, { ...known, outbox: known.outbox.slice(published) })
  return published
}

function recentOf(before: readonly Recent[], differences: readonly Difference[], rules: { nowMs: number; alertForMs: number }): Recent[] {
  const added = differences.map((difference) => ({ text: differenceText(difference), epochMs: rules.nowMs }))
  return [...before, ...added].filter(({ epochMs }) => rules.nowMs - epochMs < rules.alertForMs).slice(-maxRecent)
}

/** What the looks before left. A file that cannot be understood, or is of another host, is moved aside, and this look is the first. */
async function readKnown(path: string, { origin, log }: MemoryOptions): Promise<Baseline | undefined> {
  try {
    const known = await readBaseline(path)
    if (known === undefined || known.host === origin.host) return known
    log.warn({ path, host: known.host }, `what is known of security is of host ${known.host}; ${origin.host} starts anew`)
    await rename(path, `${path}.other-host`)
    return undefined
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    log.error({ error }, `${path} cannot be understood and is moved aside; differences since the last look are not known`)
    await rename(path, `${path}.unreadable`)
    return undefined
  }
}

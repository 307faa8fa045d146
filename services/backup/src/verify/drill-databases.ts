import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import { describeError, NightshiftError } from '@nightshift/shared/errors'
import type { JobConfig } from '../config/job-config.ts'
import type { DrillConfig } from '../config/verify-config.ts'
import { judgeRule } from '../integrity/rule.ts'
import { compareFacts } from '../sources/facts.ts'
import type { Loader } from '../sources/loader.ts'
import { createLoader } from '../sources/registry.ts'
import type { Facts } from '../sources/source.ts'

interface Parts {
  /** The folder that `/` of the snapshot became. */
  readonly files: string
  /** What was counted at the backup. */
  readonly facts: Facts
  readonly workDir: string
  readonly log: Logger
  readonly signal: AbortSignal
  readonly nats?: NatsConnection | undefined
  readonly clock: Clock
}

interface LoadedAndCompared {
  /** Databases, tables and queries that were looked at. */
  readonly items: number
  readonly loadMs: number
  readonly findings: readonly string[]
}

/** What is restored, once it is loaded: counted and asked. */
interface Place {
  readonly databases: number
  count(): Promise<Facts>
  query(sql: string, database?: string): Promise<unknown[]>
  remove(): Promise<void>
}

const maxShown = 20

/** Loads restored dumps and compares what is in them with what was counted at the backup; files need no loading. */
export async function loadAndCompare(config: JobConfig, parts: Parts): Promise<LoadedAndCompared> {
  const { clock, log, nats, signal, workDir } = parts
  const nothing = { items: 0, loadMs: 0, findings: [] }
  if (config.drill.load === 'none') return nothing
  const loader = await createLoader(config.source, { workDir, log, signal, nats })
  if (loader === undefined) return nothing
  const startedMs = clock.monotonicMs()
  const place = await load(loader, config.drill, parts)
  try {
    const loadMs = clock.monotonicMs() - startedMs
    const { compared, mismatches } = compareFacts(parts.facts, await place.count())
    const differing = mismatches
      .slice(0, maxShown)
      .map(({ fact, expected, found }) => `${fact}: ${found ?? 'nothing'} restored, ${expected} at the backup`)
    if (mismatches.length > maxShown) differing.push(`and ${mismatches.length} counts in all differ`)
    const asked = await ask(place, config.drill)
    const items = place.databases + compared + Object.keys(config.drill.queries).length
    return { items, loadMs, findings: [...differing, ...asked] }
  } finally {
    await place.remove()
  }
}

async function load(loader: Loader, { load: where }: DrillConfig, { clock, files, log }: Parts): Promise<Place> {
  if (where === 'live') {
    const suffix = `_drill_${new Date(clock.now()).toISOString().replaceAll(/\D/g, '').slice(0, 14)}`
    const loaded = await loader.load(files, { suffix }, {})
    const names = loaded.items.map(({ loadedAs }) => loadedAs)
    return {
      databases: loaded.items.length,
      count: async () => await loader.count(loaded),
      query: async (sql, database) => await loader.query(loaded, sql, database),
      remove: async () => await loader.drop(loaded.target, names),
    }
  }
  const scratch = await loader.scratch()
  const remove = async (): Promise<void> =>
    await scratch
      .stop()
      .catch((error: unknown) => log.error({ error }, `the scratch server of a drill may be left: ${describeError(error)}`))
  try {
    const loaded = await loader.load(files, scratch.target, {})
    return {
      databases: loaded.items.length,
      count: async () => await scratch.count(),
      query: async (sql, database) => await scratch.query(sql, database),
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function ask(place: Place, { queries }: DrillConfig): Promise<string[]> {
  const findings: string[] = []
  for (const [name, { database, ...rule }] of Object.entries(queries)) {
    try {
      const rows = (await place.query(rule.query, database)).map((value) => [value])
      const finding = judgeRule(name, rule, rows)
      if (finding !== undefined) findings.push(`query ${name}: ${finding.detail}`)
    } catch (error) {
      if (error instanceof NightshiftError && error.transient) throw error
      findings.push(`query ${name} cannot be run: ${describeError(error)}`)
    }
  }
  return findings
}

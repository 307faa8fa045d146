import { failed, passed, type Outcome, type RunOptions } from '../checks/check.ts'
import { durationText } from '../duration-text.ts'
import { explainFailure, explainLate, type FailureContext } from './failure.ts'
import type { Progress, ServerAddress } from './server-address.ts'

/** What a check asks of a server that let it in. */
interface CheckedServer<Q> {
  /** Absent where the user may not know. */
  readonly version?: string
  /** Why it takes no writes; undefined when it does. */
  readOnlyReason(): Promise<string | undefined>
  firstValue(query: Q): Promise<unknown>
  close(): void
}

interface CheckedKind<Q> extends FailureContext {
  open(address: ServerAddress, progress: Progress): Promise<CheckedServer<Q>>
}

interface DatabaseCheckConfig<Q> {
  query?: Q | undefined
  expect?: string | number | boolean | undefined
  writable: boolean
  max_latency?: number | undefined
}

/** Longer answers are cut in messages. */
const maxShownLength = 100

/** One run of a check of a database: log in, ask what is configured, judge. Keeps nothing open. */
export async function checkDatabase<Q>(config: DatabaseCheckConfig<Q>, options: RunOptions, kind: CheckedKind<Q>): Promise<Outcome> {
  const { address } = kind
  const progress: Progress = { connected: false }
  let server: CheckedServer<Q> | undefined
  const detail: Record<string, string> = { target: address.target }
  try {
    server = await kind.open(address, progress)
    if (server.version !== undefined) detail['version'] = server.version
    const reason = config.writable ? await server.readOnlyReason() : undefined
    if (reason !== undefined) return failed(`${address.target} takes no writes: ${reason}`, detail)
    const answer = config.query === undefined ? undefined : await server.firstValue(config.query)
    const complaint = judge(config.expect, answer)
    if (complaint !== undefined) return failed(complaint, detail)
  } catch (error) {
    const text = options.signal.aborted ? explainLate(address.target, options.timeoutMs, progress) : explainFailure(error, kind)
    return failed(text, detail)
  } finally {
    server?.close()
  }
  const elapsedMs = options.elapsedMs()
  if (config.max_latency !== undefined && elapsedMs > config.max_latency) {
    return failed(`answered in ${durationText(elapsedMs)}, slower than the ${durationText(config.max_latency)} that are allowed`, detail)
  }
  return passed(detail)
}

/** Numbers are compared as numbers, all else as text: servers give large and exact numbers as text. */
function judge(expected: string | number | boolean | undefined, answer: unknown): string | undefined {
  if (expected === undefined) return undefined
  if (answer === undefined) return `the query gave no row, expected ${shown(expected)}`
  const isEqual =
    typeof expected === 'string' ? asText(answer) === expected : answer !== null && answer !== '' && Number(answer) === Number(expected)
  return isEqual ? undefined : `the query gave ${shown(answer)}, expected ${shown(expected)}`
}

function asText(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return value.toString()
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function shown(value: unknown): string {
  const text = asText(value)
  const cut = text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text
  return typeof value === 'string' ? `"${cut}"` : cut
}

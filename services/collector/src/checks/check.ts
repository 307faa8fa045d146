import type { CheckConfig } from '../config.ts'
import type { HostPaths } from '../procfs/host-paths.ts'

/** What one run found. `ok` is null when this machine cannot run the check at all; `error` then says why. */
export interface Outcome {
  readonly ok: boolean | null
  /** Why it is not ok, in words that tell a person where to look; null when it is. */
  readonly error: string | null
  /** What the kind of check saw. Never carries a secret: URLs come without user, password and query. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

export interface RunOptions {
  /** Aborted when the time is up or the collector stops; the run then settles at once. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Since the run began, by the monotonic clock. */
  elapsedMs(): number
  readonly host: HostPaths
}

export type CheckKindName = CheckConfig['kind']

/** The one shape of every file here; registry.ts lists them. A run settles soon after its signal is aborted and keeps nothing open. */
export interface CheckKind<K extends CheckKindName = CheckKindName> {
  readonly kind: K
  run(config: Extract<CheckConfig, { kind: K }>, options: RunOptions): Promise<Outcome>
}

export function passed(detail: Outcome['detail']): Outcome {
  return { ok: true, error: null, detail }
}

export function failed(error: string, detail: Outcome['detail'] = {}): Outcome {
  return { ok: false, error, detail }
}

/** This machine cannot run the check; the text says why, and what would help. */
export function unsupported(reason: string, detail: Outcome['detail'] = {}): Outcome {
  return { ok: null, error: reason.slice(0, 500), detail }
}

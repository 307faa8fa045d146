import { hostPaths } from '../../src/procfs/host-paths.ts'
import type { CheckKindName, Outcome } from '../../src/checks/check.ts'
import { loadCheckKind } from '../../src/checks/registry.ts'
import { timeoutOf } from '../../src/schedule.ts'
import { collectorConfigSchema, type CheckConfig } from '../../src/config.ts'

/** A check as it would stand in the config file. */
export function checkOf<K extends CheckKindName>(kind: K, keys: object): Extract<CheckConfig, { kind: K }> {
  const check = collectorConfigSchema.parse({ checks: { it: { kind, ...keys } } }).checks['it']
  return check as Extract<CheckConfig, { kind: K }>
}

/** Runs a kind of check once, on this machine, within its timeout. */
export async function runCheck<K extends CheckKindName>(kind: K, keys: object, paths = hostPaths({})): Promise<Outcome> {
  const config = checkOf(kind, keys)
  const timeoutMs = timeoutOf(config)
  const startMs = performance.now()
  const loaded = await loadCheckKind(kind)
  return await loaded.run(config, {
    signal: AbortSignal.timeout(timeoutMs),
    timeoutMs,
    host: paths,
    elapsedMs: () => performance.now() - startMs,
  })
}

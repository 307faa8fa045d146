import { setTimeout as sleep } from 'node:timers/promises'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { describeError, EffectError } from '@nightshift/shared/errors'
import type { HealthConfig } from '../config/restore-config.ts'
import { runHook } from '../jobs/hooks.ts'

const everyMs = 1000
const oneTryMs = 10_000

/** Asks until it is well. Throws EffectError `not_healthy` when it is not by the timeout. */
export async function awaitHealth(health: HealthConfig, facts: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + health.timeout
  for (;;) {
    signal.throwIfAborted()
    const leftMs = endMs - performance.now()
    const problem = await look(health, facts, Math.ceil(Math.max(100, Math.min(oneTryMs, leftMs))), signal)
    if (problem === undefined) return
    if (performance.now() + everyMs >= endMs)
      throw new EffectError('not_healthy', `it is not well ${formatDuration(health.timeout)} after the restore: ${problem}`, {
        severity: 'high',
      })
    await sleep(everyMs, undefined, { signal })
  }
}

async function look(
  health: HealthConfig,
  facts: Readonly<Record<string, string>>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    if (health.run !== undefined) {
      await runHook({ run: health.run, pass_env: [], timeout: timeoutMs }, facts, signal)
      return undefined
    }
    const response = await fetch(health.url ?? '', { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) })
    await response.body?.cancel()
    return response.ok ? undefined : `it answers ${response.status}`
  } catch (error) {
    return describeError(error)
  }
}

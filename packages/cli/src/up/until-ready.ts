import { setTimeout as delay } from 'node:timers/promises'
import { BusError } from '@nightshift/shared/errors'
import type { ServiceHandle } from '@nightshift/shared/service/handle'

const deadlineMs = 20_000
// Here a service stands by only when another alerter was connected to this broker by hand.
const standbyAfterMs = 8000
const pollMs = 20

/** Waits until every service is ready or stands by. Throws the failure of one that stopped, or BusError `not_ready` with the reasons. */
export async function untilReady(handles: readonly ServiceHandle[]): Promise<void> {
  const startedMs = performance.now()
  for (;;) {
    const failed = handles.find((handle) => handle.failure !== undefined)
    if (failed?.failure !== undefined) throw failed.failure
    const waitedMs = performance.now() - startedMs
    const waiting = handles.filter(({ state }) => state !== 'ready' && !(state === 'standby' && waitedMs > standbyAfterMs))
    if (waiting.length === 0) return
    if (waitedMs > deadlineMs) {
      const reasons = waiting.map((handle) => `${handle.name}: ${handle.notReady().join(', ') || handle.state}`)
      throw new BusError('not_ready', `not ready after ${deadlineMs / 1000} s: ${reasons.join('; ')}`, { transient: true })
    }
    await delay(pollMs)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { defaultNamespace } from '../subjects.ts'
import type { BusDeps, BusOptions } from './bus.ts'
import { unlessBroken, type Live } from './live.ts'
import { refusal } from './refusal.ts'
import { bucketStreamId, streamId } from './streams.ts'

const firstPollMs = 100
const slowestPollMs = 2000
const remindMs = 30_000

/**
 * Looks whether every stream and bucket that this service needs is there, and waits until an admin has made them. A service has no right
 * to make them itself. False when the connection broke before they were there.
 */
export async function waitForStreams(live: Live, options: BusOptions, { clock, log }: BusDeps): Promise<boolean> {
  const namespace = options.namespace ?? defaultNamespace
  let missing = [
    ...options.needs.streams.map((name) => streamId(name, namespace)),
    ...options.needs.buckets.map((name) => bucketStreamId(name, namespace)),
  ]
  let remindAtMs = clock.monotonicMs() + 2 * firstPollMs
  for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 1.5, slowestPollMs)) {
    const reasons = new Map<string, string>()
    for (const name of missing) {
      if (live.broken.aborted) return false
      const reason = await absence(live, name)
      if (reason !== undefined) reasons.set(name, reason)
    }
    if (reasons.size === 0) return !live.broken.aborted
    missing = [...reasons.keys()]
    if (clock.monotonicMs() >= remindAtMs) {
      remindAtMs = clock.monotonicMs() + remindMs
      log.warn({ missing: Object.fromEntries(reasons) }, 'waiting for streams; an admin makes them with `nightshift bootstrap`')
    }
    await sleep(pollMs, undefined, { signal: live.broken, ref: false }).catch(() => undefined)
    if (live.broken.aborted) return false
  }
}

/** Why the stream cannot be used; undefined when it can. */
async function absence(live: Live, name: string): Promise<string | undefined> {
  try {
    await unlessBroken(live, live.jsm.streams.info(name))
    return undefined
  } catch (error) {
    return refusal(error).code
  }
}

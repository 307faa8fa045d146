import type { Bucket, Bus } from '@nightshift/shared/bus/bus'
import { NightshiftError } from '@nightshift/shared/errors'
import { identify } from './identity.ts'
import type { PostedAlert } from './posted-alert.ts'
import { merge, receivedBucket, type Received } from './received.ts'

const atOnce = 32
const maxTries = 5

/** Writes down what was sent; who has the shard of each host sees it at once. Throws when the bus does not take it, so that it is sent again. */
export async function receive(bus: Bus, posted: readonly PostedAlert[], nowMs: number): Promise<void> {
  const bucket = await bus.bucket('received', receivedBucket)
  // The last of each counts, as when they come one after the other.
  const alerts = [...new Map(posted.map((alert) => [identify(alert.labels).fingerprint, alert]))]
  for (let at = 0; at < alerts.length; at += atOnce) {
    const some = alerts.slice(at, at + atOnce)
    await Promise.all(some.map(async ([fingerprint, alert]) => await receiveOne(bucket, fingerprint, alert, nowMs)))
  }
}

async function receiveOne(bucket: Bucket<Received>, fingerprint: string, alert: PostedAlert, nowMs: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const known = await bucket.get(fingerprint)
    const merged = merge(known?.value, alert, nowMs)
    if (merged === undefined) return
    try {
      await bucket.put(fingerprint, merged, known?.revision ?? 0)
      return
    } catch (error) {
      // Another Prometheus of the same labels was faster.
      if (!(error instanceof NightshiftError && error.code === 'stale_revision') || tries === maxTries) throw error
    }
  }
}

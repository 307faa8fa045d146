import { setTimeout as delay } from 'node:timers/promises'
import { filterSubject } from '@nightshift/shared/subjects'
import type { FlippingTarget } from '@nightshift/test-servers/flipping-target'
import type { Receipt, WebhookReceiver } from '@nightshift/test-servers/webhook-receiver'
import { Arrivals } from '../arrivals.ts'
import type { Connection } from '../bench-broker.ts'
import { waitUntil } from '../wait-until.ts'

interface Options {
  admin: Connection
  host: string
  check: string
  target: FlippingTarget
  receiver: WebhookReceiver
  /** Cadence of the check. */
  everyMs: number
  count: number
  signal: AbortSignal
}

const answerMs = 10_000

/** Milliseconds from the moment a target fails, and from the moment the transition is on the bus, to the webhook that says so. */
export async function measureWebhooks(options: Options): Promise<{ fromFailure: number[]; fromTransition: number[] }> {
  const { admin, host, check, target, receiver, everyMs, count, signal } = options
  const transitions = new Arrivals(admin, filterSubject('health', { host, check }))
  await transitions.ready()

  const nextReceipt = async (phase: string, after: number): Promise<Receipt> => {
    let receipt: Receipt | undefined
    const find = (): boolean => {
      receipt = receiver.receipts.slice(after).find(({ body }) => (body['alert'] as { phase?: string } | undefined)?.phase === phase)
      return receipt !== undefined
    }
    await waitUntil(`the webhook hears "${phase}"`, find, answerMs, signal)
    return receipt as Receipt
  }

  const fromFailure: number[] = []
  const fromTransition: number[] = []
  while (fromFailure.length < count) {
    await waitUntil('the check sees its target up', () => target.answersSinceFlip >= 1, answerMs, signal)
    // At a random moment between two probes.
    await delay(Math.random() * everyMs, undefined, { signal })
    const heard = receiver.receipts.length
    const failing = transitions.next(({ event }) => event['state'] === 'failing', answerMs, signal)
    const failedMs = performance.now()
    target.flip()
    const { atMs } = await failing
    const receipt = await nextReceipt('firing', heard)
    fromFailure.push(receipt.atMs - failedMs)
    fromTransition.push(receipt.atMs - atMs)
    target.flip()
    await nextReceipt('resolved', heard)
  }
  return { fromFailure, fromTransition }
}

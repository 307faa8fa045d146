import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { WebhookReceiver } from '@nightshift/test-servers/webhook-receiver'
import { waitUntil } from '../wait-until.ts'

/** An application with one gauge, of which every step is a series of its own, so that no earlier message holds the next one back. */
export interface GaugePage {
  readonly address: string
  /** Moves the series of a step over the threshold, or makes it. */
  set(step: number, value: number): void
  stop(): Promise<void>
}

export const threshold = 100

export async function startGaugePage(): Promise<GaugePage> {
  const values = new Map<number, number>()
  const server = createServer((_, response) => {
    const lines = [...values].map(([step, value]) => `queue_length{step="${step}"} ${value}\n`)
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(`# TYPE queue_length gauge\n${lines.join('')}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (step, value) => void values.set(step, value),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Options {
  readonly page: GaugePage
  readonly ours: WebhookReceiver
  readonly theirs: WebhookReceiver
  readonly steps: number
  /** Steps of one receiver are numbered on: what is heard late of an earlier one does not count. */
  readonly firstStep: number
  readonly signal: AbortSignal
}

const answerMs = 15_000
/** Longer than it takes both sides to have seen a new series. */
const settleMs = 2500

/** Milliseconds from the moment a gauge steps over its threshold, at a random moment, to the webhook of each side. */
export async function measureGauge({
  page,
  ours,
  theirs,
  steps,
  firstStep,
  signal,
}: Options): Promise<{ ours: number[]; theirs: number[] }> {
  const times = { ours: [] as number[], theirs: [] as number[] }
  const lastStep = firstStep + steps
  for (let step = firstStep; step <= lastStep; step++) page.set(step, 0)
  await delay(settleMs, undefined, { signal })
  for (let step = firstStep; step <= lastStep; step++) {
    await delay(Math.random() * 1000, undefined, { signal })
    const steppedMs = performance.now()
    page.set(step, threshold * 2)
    const wanted = `"step":"${step}"`
    const receiptOf = (receiver: WebhookReceiver) => receiver.receipts.find(({ body }) => JSON.stringify(body).includes(wanted))
    await waitUntil(
      `both sides tell of step ${step}`,
      () => receiptOf(ours) !== undefined && receiptOf(theirs) !== undefined,
      answerMs,
      signal,
    )
    // The first also waits for code to be compiled.
    if (step === firstStep) continue
    times.ours.push((receiptOf(ours)?.atMs ?? 0) - steppedMs)
    times.theirs.push((receiptOf(theirs)?.atMs ?? 0) - steppedMs)
  }
  return times
}

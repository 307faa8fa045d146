import { setTimeout as delay } from 'node:timers/promises'

const lookEveryMs = 10

/** Waits until the condition holds. Throws after the deadline, saying what was waited for. */
export async function waitUntil(what: string, holds: () => boolean, deadlineMs: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs / 1000} s in vain: ${what}`)
    await delay(lookEveryMs, undefined, { signal })
  }
}

import type { Logger } from 'pino'
import { settlesWithin } from './deadline.ts'
import { exitCodes } from './exit-codes.ts'

const crashStopMs = 2000

/**
 * After an error that nobody caught the state of the process is unknown: the error is logged with its stack, what can be stopped in two
 * seconds is stopped, and the process ends with exit code 70. Gives back how to take the handlers away.
 */
export function endOnCrash(log: Logger, stop: (deadlineMs: number) => Promise<void>): () => void {
  let isEnding = false
  const crash = (reason: unknown, origin: string): void => {
    const error = reason instanceof Error ? reason : new Error(`not an error but ${typeof reason}: ${String(reason)}`)
    log.fatal({ error }, `nobody handled this (${origin}); the process ends`)
    if (isEnding) return
    isEnding = true
    void settlesWithin(stop(crashStopMs), crashStopMs).finally(() => process.exit(exitCodes.crashed))
  }
  const onException = (error: unknown): void => crash(error, 'uncaught exception')
  const onRejection = (reason: unknown): void => crash(reason, 'unhandled rejection')
  process.on('uncaughtException', onException)
  process.on('unhandledRejection', onRejection)
  return () => {
    process.off('uncaughtException', onException)
    process.off('unhandledRejection', onRejection)
  }
}

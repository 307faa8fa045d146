import { exitCodes } from './exit-codes.ts'

export interface StopSignal {
  /** Resolves with the first SIGINT or SIGTERM. A further Ctrl-C ends the process on the spot. */
  readonly received: Promise<NodeJS.Signals>
  forget(): void
}

export function awaitStopSignal(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let isStopping = false
  const onInterrupt = (): void => {
    if (isStopping) process.exit(exitCodes.forced)
    isStopping = true
    resolve('SIGINT')
  }
  const onTerminate = (): void => {
    isStopping = true
    resolve('SIGTERM')
  }
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  return {
    received: promise,
    forget: () => {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
    },
  }
}

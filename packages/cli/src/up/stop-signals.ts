import { closeSync, openSync } from 'node:fs'

export interface Told {
  readonly signal: AbortSignal
  /** Resolves when we are to stop. */
  readonly stopped: Promise<undefined>
  forget(): void
}

const exitCodeForced = 130
/** One Ctrl-C may arrive several times: from the terminal, from npm, and passed on by the bootstrap. */
const sameInterruptMs = 1000

/**
 * Ctrl-C, SIGTERM, a closed terminal, or the end of the parent that started us with an IPC channel. A second Ctrl-C ends the process on
 * the spot; the next start cleans up after it. SIGHUP with the terminal still there means: read the configuration again.
 */
export function untilToldToStop(): Told {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let firstInterruptMs: number | undefined
  const stop = (): void => {
    controller.abort()
    resolve(undefined)
  }
  const interrupt = (): void => {
    firstInterruptMs ??= performance.now()
    if (performance.now() - firstInterruptMs > sameInterruptMs) process.exit(exitCodeForced)
    stop()
  }
  const hangUp = (): void => {
    if (process.stdout.isTTY && !hasTerminal()) stop()
  }
  process.on('SIGINT', interrupt).on('SIGTERM', stop).on('SIGHUP', hangUp).on('disconnect', stop)
  process.channel?.unref()
  return {
    signal: controller.signal,
    stopped: promise,
    forget: () => {
      process.off('SIGINT', interrupt).off('SIGTERM', stop).off('SIGHUP', hangUp).off('disconnect', stop)
      if (process.connected) process.disconnect()
    },
  }
}

/** A process whose terminal was closed can no longer open it. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

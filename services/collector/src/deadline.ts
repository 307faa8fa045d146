/** The signal of one run: aborted when its time is up, or when all is to stop. `end` must be called when the run is over. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Forgets the run. */
  end(): void
}

/**
 * In place of AbortSignal.any with AbortSignal.timeout: a signal that lives as long as the process would keep what was made from it for every
 * run whose listeners nobody took away.
 */
export function startDeadline(timeoutMs: number, stopping: AbortSignal, onTimeUp: () => void = () => undefined): Deadline {
  const run = new AbortController()
  const stop = (): void => run.abort(stopping.reason)
  const timer = setTimeout(() => {
    onTimeUp()
    run.abort(new DOMException(`nothing within ${timeoutMs} ms`, 'TimeoutError'))
  }, timeoutMs)
  stopping.addEventListener('abort', stop)
  if (stopping.aborted) stop()
  return {
    signal: run.signal,
    end() {
      clearTimeout(timer)
      stopping.removeEventListener('abort', stop)
    },
  }
}

import { isMainThread } from 'node:worker_threads'
import { EffectError } from '@nightshift/shared/errors'

/** A request that takes longer holds a thread for who knows how long. */
const stuckMs = 1000
/** Node has 4 threads for files and DNS: the last one is not put at risk. */
const maxStuck = 3

/** When each request that was not answered yet began. */
const pending = new Set<{ readonly startMs: number }>()
let isWatched = false

/**
 * Makes a request to a file system or driver that may never answer, and remembers it until it does. Rejects without making it while three
 * others hang. Node waits for its threads before it ends, so with such a thread `process.exit` would hang for as long: then the process is
 * left by the one way that waits for nothing.
 */
export async function untilAnswered<T>(request: () => Promise<T>): Promise<T> {
  const startMs = performance.now()
  if (countStuck() >= maxStuck) {
    throw new EffectError('threads_stuck', 'too many file systems or drivers hang to ask another one', { transient: true })
  }
  if (!isWatched && isMainThread) {
    isWatched = true
    process.on('exit', leaveIfStuck)
  }
  const entry = { startMs }
  pending.add(entry)
  try {
    return await request()
  } finally {
    pending.delete(entry)
  }
}

function countStuck(): number {
  const nowMs = performance.now()
  return [...pending].filter(({ startMs }) => nowMs - startMs > stuckMs).length
}

/**
 * Everything that wanted to say or save something at the end has done so: handlers of `exit` run in the order of their registration. But
 * what an error says that nobody caught comes after them, so with a code of failure only what surely hangs is a reason.
 */
function leaveIfStuck(code: number): void {
  if (pending.size === 0 || (code !== 0 && countStuck() === 0)) return
  // The kernel ends all threads when another program takes the process over: one that ends with our code.
  try {
    process.execve?.(process.execPath, [process.execPath, '--eval', `process.exitCode = ${code}`], {})
  } finally {
    // An older Node, or the program is not there any more.
    process.kill(process.pid, 'SIGKILL')
  }
}

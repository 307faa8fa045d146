/** See checks/exchange/http-exchange.ts: only what is needed of a module of Node is loaded. */
const { Script } = process.getBuiltinModule('node:vm')

/** So much processor time an expression gets; everything else in this process waits meanwhile. */
export const patienceMs = 50
/** Limits on the clock on the wall: on a machine that has no time for us the first ones end without any work done. */
const wallMs = [patienceMs, 2 * patienceMs, 10 * patienceMs]
/** The clocks differ by a little. */
const nearlyAll = 0.8

/** Where the script finds its work: a script gets no arguments. */
const slot = Symbol.for('nightshift.pattern')
const script = new Script('globalThis[Symbol.for("nightshift.pattern")]()')

/**
 * Does work of a regular expression, which must not change anything, unless it takes too long: then undefined. Only a script of node:vm has
 * a time limit; it costs a thread of some 50 µs and, unlike a worker or a second engine, neither memory nor a syntax of its own.
 */
export function withinPatience<T>(work: () => T): { readonly value: T } | undefined {
  for (const timeoutMs of wallMs) {
    const before = process.threadCpuUsage()
    const answer = runBounded(() => ({ value: work() }), timeoutMs)
    if (answer !== undefined) return answer
    const { user, system } = process.threadCpuUsage(before)
    if (user + system > nearlyAll * patienceMs * 1000) break
  }
  return undefined
}

/** Undefined when the time was up. */
function runBounded<T>(work: () => T, timeout: number): T | undefined {
  try {
    Reflect.set(globalThis, slot, work)
    return script.runInThisContext({ timeout }) as T
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined
    throw error
  } finally {
    Reflect.deleteProperty(globalThis, slot)
  }
}

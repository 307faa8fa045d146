import { Script } from 'node:vm'
import { ContractError } from '@nightshift/shared/errors'

/** So much processor time an expression gets; everything else in this process waits meanwhile. */
const patienceMs = 50
/** Limits on the clock on the wall: on a machine that has no time for us the first ones end without any work done. */
const wallMs = [patienceMs, 2 * patienceMs, 10 * patienceMs]
/** The clocks differ by a little. */
const nearlyAll = 0.8

/** Where the script finds its work: a script gets no arguments. */
const slot = Symbol.for('nightshift.pattern')
const script = new Script('globalThis[Symbol.for("nightshift.pattern")]()')

/**
 * Looks for a pattern of the configuration in text from outside. V8 matches by backtracking, and only a script of node:vm has a time limit;
 * it costs a thread of some 50 µs and, unlike a worker or a second engine, neither memory nor a syntax of its own. Throws ContractError
 * `slow_pattern`.
 */
export function findPattern(pattern: string, text: string): RegExpExecArray | null {
  const expression = new RegExp(pattern, 'm')
  for (const timeoutMs of wallMs) {
    const before = process.threadCpuUsage()
    const answer = runBounded(() => expression.exec(text), timeoutMs)
    if (answer !== undefined) return answer
    const { user, system } = process.threadCpuUsage(before)
    if (user + system > nearlyAll * patienceMs * 1000) break
  }
  const hint = 'write it without a repetition inside a repetition, such as (a+)+ or .*.*'
  throw new ContractError('slow_pattern', `the pattern ${quoted(pattern)} takes longer than ${patienceMs}ms: ${hint}`)
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

/** A text of the configuration as messages repeat it. */
export function quoted(text: string): string {
  return `"${text.length > 200 ? `${text.slice(0, 200)}…` : text}"`
}

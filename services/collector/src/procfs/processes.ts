import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

export interface Process {
  readonly pid: number
  /** What the kernel calls it: at most 15 bytes of the program's name. */
  readonly name: string
  readonly isZombie: boolean
  /** Empty for threads of the kernel, and where it may not be read. */
  readonly argv: readonly string[]
}

/** Processes that are read before other work gets its turn. */
const sliceSize = 100
const maxBytes = 16 * 1024
const buffer = Buffer.allocUnsafeSlow(maxBytes)

/** Every process of this host, in slices. Those that end while we look are left out. */
export async function* scanProcesses(proc: string, signal: AbortSignal): AsyncGenerator<Process[]> {
  const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name))
  for (let start = 0; start < pids.length; start += sliceSize) {
    if (start > 0) await setImmediate()
    signal.throwIfAborted()
    yield pids.slice(start, start + sliceSize).flatMap((pid) => readProcess(proc, Number(pid)) ?? [])
  }
}

/** One process, or undefined when there is none of that number. */
export function readProcess(proc: string, pid: number): Process | undefined {
  const stat = readStart(`${proc}/${pid}/stat`)
  const parsed = stat === undefined ? undefined : parseProcessStat(stat)
  return parsed === undefined ? undefined : { pid, ...parsed, argv: splitArguments(readStart(`${proc}/${pid}/cmdline`) ?? '') }
}

/** `4242 (name) S ...`: the name may hold anything, parentheses too. */
export function parseProcessStat(text: string): Pick<Process, 'name' | 'isZombie'> | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const state = text[close + 2]
  if (open === -1 || close < open || state === undefined) return undefined
  return { name: text.slice(open + 1, close), isZombie: state === 'Z' || state === 'X' }
}

/** Arguments end with NUL; programs that write their own title leave one text. */
export function splitArguments(text: string): string[] {
  const argv = text.split('\0')
  if (argv.at(-1) === '') argv.pop()
  return argv
}

function readStart(path: string): string | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, maxBytes, 0))
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

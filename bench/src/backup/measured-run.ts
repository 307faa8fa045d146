import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { parseCpuSeconds } from '../process-cost.ts'

/** Often enough to see a peak; the kernel keeps the highest value itself, so only what grows in the last moments is missed. */
const lookEveryMs = 20
const keptOutputChars = 4096

export interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakRssMebibytes: number
}

/** Runs a program to its end. Its processor time is what the kernel adds to ours when it has ended. */
export async function measureRun(
  command: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Cost> {
  const [program = '', ...args] = command
  const before = endedChildrenSeconds()
  const startedMs = performance.now()
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal: 'SIGKILL',
  })
  let output = ''
  const take = (text: string): void => {
    output = (output + text).slice(-keptOutputChars)
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)
  let peakKibibytes = 0
  const timer = setInterval(() => {
    peakKibibytes = Math.max(peakKibibytes, readPeak(child.pid ?? 0))
  }, lookEveryMs)
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    const seconds = (performance.now() - startedMs) / 1000
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}; it said:\n${output}`)
    return { seconds, cpuSeconds: endedChildrenSeconds() - before, peakRssMebibytes: peakKibibytes / 1024 }
  } finally {
    clearInterval(timer)
  }
}

/** Of children that ended and were waited for; one runs at a time. */
function endedChildrenSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const usage = process.cpuUsage()
  return parseCpuSeconds(stat) - (usage.user + usage.system) / 1e6
}

function readPeak(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from '@nightshift/cli/repository'
import type { RunFile } from '@nightshift/cli/data-folder/run-file'

export interface UpProcess {
  readonly pid: number
  readonly run: RunFile
  /** Everything it has printed. */
  output(): string
  /** Sends the signal and resolves with the exit code, or the signal's name, when it has ended; and how long that took. */
  end(signal: NodeJS.Signals): Promise<{ code: number | string | null; ms: number }>
}

const readyDeadlineMs = 30_000
const endDeadlineMs = 15_000
const started = new Set<ChildProcess>()

/** Starts `nightshift up` on a data folder and resolves when it is ready. Ports are free ones. */
export async function startUp(data: string, args: readonly string[] = []): Promise<UpProcess> {
  const main = join(repositoryRoot, 'packages/cli/src/main.ts')
  const child = spawn(process.execPath, [main, 'up', '--data', data, '--nats-port', '0', '--console-port', '0', '--no-open', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: data,
  })
  started.add(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const deadline = performance.now() + readyDeadlineMs
  while (!/^nightshift ready /m.test(output)) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`up ended with ${child.exitCode ?? child.signalCode}:\n${output}`)
    if (performance.now() > deadline) throw new Error(`up is not ready after ${readyDeadlineMs / 1000} s:\n${output}`)
    await delay(25)
  }
  return {
    pid: child.pid ?? 0,
    run: JSON.parse(readFileSync(join(data, 'run.json'), 'utf8')) as RunFile,
    output: () => output,
    end: (signal) => end(child, signal, () => output),
  }
}

/** Kills what a failed test left behind, with the broker of each data folder. */
export async function endAll(dataFolders: readonly string[]): Promise<void> {
  for (const child of started) await end(child, 'SIGKILL', () => '')
  started.clear()
  for (const data of dataFolders) {
    const pid = brokerPid(data)
    if (pid === undefined) continue
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      continue
    }
  }
}

/** The pid of the broker that a data folder has on record. */
export function brokerPid(data: string): number | undefined {
  const file = join(data, 'nats', 'broker.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid : undefined
}

async function end(
  child: ChildProcess,
  signal: NodeJS.Signals,
  output: () => string,
): Promise<{ code: number | string | null; ms: number }> {
  const startedMs = performance.now()
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill(signal)
    const ended = await Promise.race([exited, delay(endDeadlineMs, 'late', { ref: false })])
    if (ended === 'late') {
      child.kill('SIGKILL')
      await exited
      throw new Error(`up did not end within ${endDeadlineMs / 1000} s of ${signal}:\n${output()}`)
    }
  }
  return { code: child.exitCode ?? child.signalCode, ms: performance.now() - startedMs }
}

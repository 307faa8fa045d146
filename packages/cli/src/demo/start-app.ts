import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess, readCommandLine } from '@nightshift/shared/service/process-identity'

export interface DemoApp {
  /** Kills whichever process serves the app now; its pid. */
  kill(): number
  /** Ends the app, also the one that the healer started. */
  stop(): Promise<void>
}

const endMs = 2000
const pollMs = 20

/** Starts the app as the healer will start it again: detached, known by its pid file only. */
export function startApp(command: readonly string[], pidFile: string): DemoApp {
  endProcess(readPid(pidFile))
  rmSync(pidFile, { force: true })
  const [program = process.execPath, ...args] = command
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.unref()
  const current = (): number | undefined => readPid(pidFile) ?? child.pid
  return {
    kill: () => endProcess(current()) ?? 0,
    stop: async () => {
      const pid = endProcess(current())
      for (let waited = 0; pid !== undefined && identifyProcess(pid) !== undefined && waited < endMs; waited += pollMs) await delay(pollMs)
      rmSync(pidFile, { force: true })
    },
  }
}

/** Only ever our own app: a pid file may be old and its pid somebody else's by now. */
function endProcess(pid: number | undefined): number | undefined {
  if (pid === undefined || !isDemoApp(pid)) return undefined
  process.kill(pid, 'SIGKILL')
  return pid
}

function isDemoApp(pid: number): boolean {
  return readCommandLine(pid)?.includes('demo/web-app.ts') ?? false
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim())
    return Number.isInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from '@nightshift/cli/repository'

const main = join(repositoryRoot, 'packages/cli/src/main.ts')

/** One `nightshift run <service>` in a process of its own. */
export interface ServiceProcess {
  readonly name: string
  readonly pid: number
  rssBytes(): number
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Starts `nightshift ARGS`; what it prints goes to `<folder>/<name>.log`. */
export function startProcess(name: string, args: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}): ServiceProcess {
  const log = openSync(join(folder, `${name}.log`), 'a')
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', log, log], cwd: folder, env: { ...process.env, ...env } })
  return {
    name,
    pid: child.pid ?? 0,
    rssBytes: () => readRss(child.pid ?? 0),
    kill: (signal) => end(child, signal),
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

function readRss(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes ?? 0) * 1024
}

/** Waits until the condition holds. Throws after the deadline, saying what was waited for. */
export async function waitUntil(what: string, holds: () => boolean | Promise<boolean>, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (performance.now() < deadline) {
    if (await holds()) return
    await delay(100)
  }
  throw new Error(`waited ${deadlineMs / 1000} s in vain: ${what}`)
}
